"""The files for Prometheus and Grafana name metrics that there are."""

import json
import re
from pathlib import Path

import pytest
import yaml

from dashboard.monitoring.metrics import families

FOLDER = Path(__file__).resolve().parents[3] / "docs/monitoring"
PAGE = (FOLDER.parent / "monitoring.md").read_text()
NAME = re.compile(r"\bhandoff_\w+")
HISTOGRAM = ("_bucket", "_count", "_sum")
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
BOARD = json.loads((FOLDER / "handoff.json").read_text())
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def known(db) -> set[str]:
    """The names of all samples that `/metrics` may have."""
    names = set()
    for family in families():
        ends = {"counter": ("_total",), "histogram": HISTOGRAM}.get(family.type, ("",))
        names |= {family.name + end for end in ends}
    return names


def test_rules_and_board_ask_for_metrics_that_there_are(known):
    asked = {name for rule in RULES for name in NAME.findall(rule["expr"])}
    drawn = {name for query in QUERIES for name in NAME.findall(query)}

    assert asked - known == set()
    assert drawn - known == set()


def test_each_metric_is_in_the_docs_and_the_docs_name_no_other(known):
    bare = {re.sub("_(bucket|count|sum)$", "", name) for name in known}

    assert set(NAME.findall(PAGE)) == bare


def test_each_alert_says_what_to_do_and_has_a_heading_of_its_own():
    for rule in RULES:
        told = rule["annotations"]
        assert told["summary"]
        assert told["action"]
        assert told["docs"] == f"docs/monitoring.md#{rule['alert'].lower()}"
        assert f"### {rule['alert']}\n" in PAGE
        assert told["action"] in PAGE
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_trials_and_the_example_load_the_rules():
    for name in ("alerts_test.yml", "prometheus.yml"):
        said = yaml.safe_load((FOLDER / name).read_text())

        assert said["rule_files"] == ["alerts.yml"]
