"""Random histories of coverages, each step held against the model."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.models import Assignment, Batch, Hold
from tests.assignments.services.coverage import model
from tests.assignments.services.coverage.history_driver import HistoryDriver

OFTEN = ("plan", "go_on", "go_on", "wait", "line", "assign", "tick", "outside")
RARELY = (
    "claim", "refuse", "start_now", "end_early", "cancel", "extend",
    "shorten", "change_coverer", "hand_back", "deactivate", "undo",
)  # fmt: skip
type History = list[tuple[str, int, int, int]]
OPENINGS: tuple[History, ...] = (
    [],
    # The first is away twice in a row; the second, who may cover, in between.
    [("plan", 0, 0, 6), ("plan", 0, 3, 1), ("plan", 1, 6, 4)],
    # Away again at the minute in which the leads should go back.
    [("plan", 0, 0, 1), ("plan", 0, 2, 6), ("go_on", 4, 0, 0)],
    # Lent on, and to be kept by whoever it was lent on to.
    [("plan", 0, 0, 6), ("plan", 1, 1, 3), ("go_on", 0, 0, 0), ("go_on", 5, 0, 0)],
    # Lent on, and both are over before anybody looks again.
    [("plan", 0, 0, 6), ("plan", 1, 0, 3), ("wait", 5, 0, 0), ("go_on", 5, 0, 0)],
    # Refused what a person asked for; then it is over.
    [("plan", 0, 0, 6), ("refuse", 0, 0, 0), ("assign", 0, 3, 1), ("go_on", 5, 0, 0)],
    # Who covers goes away at the minute when it is over.
    [("plan", 0, 0, 6), ("plan", 1, 3, 0), ("wait", 5, 0, 0), ("go_on", 3, 0, 0)],
    # Extended when the leads are on their way back.
    [
        ("plan", 0, 0, 6),
        ("line", 0, 0, 0),
        ("wait", 5, 0, 0),
        ("go_on", 3, 0, 0),
        ("extend", 0, 0, 0),
        ("line", 1, 0, 0),
    ],
    # Its start and its end are both missed.
    [("plan", 0, 1, 1), ("wait", 5, 0, 0), ("tick", 0, 0, 1)],
    # Given away for good while it is covered, which is undone.
    [("plan", 0, 0, 6), ("assign", 0, 3, 1), ("undo", 0, 0, 0)],
    # Who should get the leads goes away before anything could be sent.
    [
        ("plan", 1, 1, 6),
        ("line", 0, 0, 0),
        ("plan", 0, 0, 6),
        ("wait", 0, 0, 0),
        ("line", 1, 0, 0),
    ],
)
STEPS = (*OFTEN, *RARELY)


def _history(opening: History, chances: bytes) -> History:
    steps = zip(*(iter(chances),) * 4, strict=False)
    drawn = [(STEPS[n % len(STEPS)], a % 12, b % 12, c % 12) for n, a, b, c in steps]
    return opening + drawn


# Drawn as bytes, four a step: of a list of steps every other would be much the same.
HISTORIES = st.builds(
    _history, st.sampled_from(OPENINGS), st.binary(min_size=40, max_size=72)
)


class Rollback(Exception):
    pass


def walk(steps: History) -> Counter[str]:
    """One history, on a database that forgets it. Returns how its holds ended."""
    seen: Counter[str] = Counter()
    try:
        with transaction.atomic():
            driver = HistoryDriver()
            for name, *numbers in steps:
                driver.step(name, *numbers)
            seen = driver.outcomes()
            raise Rollback
    except Rollback:
        return seen


def test_the_model_knows_nothing_of_handoff_and_is_short_enough_to_check():
    text = Path(model.__file__).read_text()

    imports = [
        node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)
    ]
    assert {node.module for node in imports} == {"dataclasses", "datetime"}
    assert len(text.splitlines()) < 150


@pytest.mark.django_db
@pytest.mark.parametrize("opening", OPENINGS[1:])
def test_where_coverages_meet_leads_lie_where_the_rules_say(opening):
    walk(opening)


@pytest.mark.django_db
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(steps=HISTORIES)
def test_whatever_happens_leads_lie_where_the_rules_say(steps):
    walk(steps)


@pytest.mark.django_db
def test_a_new_coverer_who_has_the_lead_on_loan_keeps_it_and_nothing_more_is_written():
    driver = HistoryDriver()
    for name, *numbers in [
        ("plan", 0, 0, 6),
        ("plan", 1, 6, 4),
        ("go_on", 5, 0, 0),  # from the first to the second, and on to the third
        ("change_coverer", 0, 0, 2),
    ]:
        driver.step(name, *numbers)
    before = Assignment.objects.count(), Batch.objects.count()

    driver.step("tick", 0, 0, 0)

    assert (Assignment.objects.count(), Batch.objects.count()) == before
    lent = Hold.objects.live().filter(lead=driver.leads[0]).get()
    assert (lent.origin, lent.to) == (driver.members[0], driver.members[2])
    assert lent.change_to is None
