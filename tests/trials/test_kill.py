"""The kill test, short form, on the database that the suite runs on."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.trials.databases import Databases
from tests.trials.kill import databases, explanation
from tests.trials.trial import hold
from tests.trials.verdict import judge


@pytest.fixture(scope="module")
def source() -> Iterator[Databases]:
    engine = settings.DATABASES["default"]["ENGINE"]
    is_postgres = "TEST_DATABASE_URL" in os.environ and "postgresql" in engine
    with databases("postgres" if is_postgres else "sqlite") as source:
        yield source


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_dies_every_decision_arrives_once_and_the_history_is_true(
    source, seed
):
    evidence = hold(source, seed=seed, seconds=4)

    verdict = judge(evidence)

    assert verdict.is_clean, f"seed {seed}\n{explanation(evidence, verdict)}"
    assert verdict.writes > 0
    assert evidence.strikes.total() > 0
