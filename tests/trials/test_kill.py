"""The kill test, short form, on the database that the suite runs on."""

import pytest

from tests.trials.kill import explanation
from tests.trials.rule_checks import judge
from tests.trials.trial import hold


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_dies_every_decision_arrives_once_and_the_history_is_true(
    source, seed
):
    evidence = hold(source, seed=seed, seconds=4)

    verdict = judge(evidence)

    assert verdict.is_clean, f"seed {seed}\n{explanation(evidence, verdict)}"
    assert verdict.writes > 0
    assert evidence.strikes.total() > 0
