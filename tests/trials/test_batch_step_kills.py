"""A batch whose workers die, on the database that the suite runs on."""

import json
import subprocess
import sys

from tests.trials.batch_step_kills import LEADS, SENDING, WRITING
from tests.trials.databases import ROOT, environment


def test_whoever_dies_the_batch_goes_on_and_nothing_is_done_twice(source, tmp_path):
    url = source.fresh("deaths")
    played = subprocess.run(
        [sys.executable, "-m", "tests.trials.batch_step_kills", str(tmp_path)],
        cwd=ROOT,
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    source.drop(url)

    assert played.returncode == 0, played.stderr
    seen = json.loads(played.stdout)
    assert seen["died"] == [True] * len(WRITING + SENDING)
    assert seen["rows"] == seen["writes"] == seen["notes"] == [1] * LEADS
    assert seen["states"] == seen["note_states"] == {"done": LEADS}
    assert (seen["owners"], seen["audit"]) == (1, [])
