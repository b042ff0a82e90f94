"""The kill trial, short form, on the database that the suite runs on."""

import pytest

from tests.trials.kill import explanation
from tests.trials.rule_checks import check_rules
from tests.trials.trial import run_trial


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_dies_every_decision_arrives_once_and_the_history_is_true(
    databases, seed
):
    record = run_trial(databases, seed=seed, seconds=4)

    report = check_rules(record)

    assert report.is_clean, f"seed {seed}\n{explanation(record, report)}"
    assert report.writes > 0
    assert record.strikes.total() > 0
