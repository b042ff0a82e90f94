"""A batch whose workers are killed, on the database that the suite runs on."""

import json
import subprocess
import sys

from tests.trials.batch_step_kills import LEADS, STATEMENTS, STEPS
from tests.trials.databases import ROOT, process_environment


def test_whichever_worker_is_killed_the_batch_goes_on_and_nothing_is_done_twice(
    databases, tmp_path
):
    url = databases.fresh("step_kills")
    process = subprocess.run(
        [sys.executable, "-m", "tests.trials.batch_step_kills", str(tmp_path)],
        cwd=ROOT,
        env=process_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    databases.drop(url)

    assert process.returncode == 0, process.stderr
    results = json.loads(process.stdout)
    assert results["died"] == [True] * len(STATEMENTS + STEPS)
    assert results["rows"] == results["writes"] == results["notes"] == [1] * LEADS
    assert results["states"] == results["note_states"] == {"done": LEADS}
    assert (results["owners"], results["audit"]) == (1, [])
