"""Overlapping batches confirmed at once, on the database that the suite runs on."""

import json
import subprocess
import sys

from tests.trials.databases import ROOT, process_environment
from tests.trials.overlap import EACH, MANAGERS


def test_no_request_dies_and_each_lead_ends_where_a_decision_put_it(databases):
    url = databases.fresh("overlap")
    process = subprocess.run(
        [sys.executable, "-m", "tests.trials.overlap"],
        cwd=ROOT,
        env=process_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    databases.drop(url)

    assert process.returncode == 0, process.stderr
    results = json.loads(process.stdout)
    assert results["errors"] == []
    assert (results["batches"], results["sizes"]) == (MANAGERS, [EACH])
    assert (results["wrong"], results["audit"]) == ([], [])
    assert results["states"].keys() <= {"done", "skipped", "overtaken", "cancelled"}
