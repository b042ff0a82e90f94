"""Overlapping batches confirmed at once, on the database that the suite runs on."""

import json
import subprocess
import sys

from tests.trials.databases import ROOT, environment
from tests.trials.overlap import EACH, MANAGERS


def test_no_request_dies_and_each_lead_ends_where_a_decision_put_it(source):
    url = source.fresh("overlap")
    played = subprocess.run(
        [sys.executable, "-m", "tests.trials.overlap"],
        cwd=ROOT,
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    source.drop(url)

    assert played.returncode == 0, played.stderr
    seen = json.loads(played.stdout)
    assert seen["errors"] == []
    assert (seen["batches"], seen["sizes"]) == (MANAGERS, [EACH])
    assert (seen["wrong"], seen["audit"]) == ([], [])
    assert seen["states"].keys() <= {"done", "skipped", "overtaken", "cancelled"}
