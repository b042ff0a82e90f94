"""The kill trial of a coverage, short form, on the database that the suite runs on."""

import os
from collections import Counter

from django.conf import settings

from tests.trials.coverage import hold, judge
from tests.trials.kill import databases


def test_whatever_dies_leads_come_back_and_notes_are_written_once():
    engine = settings.DATABASES["default"]["ENGINE"]
    is_postgres = "TEST_DATABASE_URL" in os.environ and "postgresql" in engine
    with databases("postgres" if is_postgres else "sqlite") as source:
        outcome = hold(source, seed=1, leads=16, seconds=60)

    assert outcome.wrong == []
    assert outcome.counts["taken"] > 0
    assert outcome.counts["strikes"] > 0


def test_the_verdict_sees_a_lead_that_stayed_and_a_note_that_came_twice():
    note = {
        "kind": "note", "source": "api", "applied_seq": 1, "map_id": 7,
        "note": "Covered by Ben for Ana.",
    }  # fmt: skip
    held = {"id": 1, "lead_id": 7, "taken_at": 1.0, "state": "live", "outcome": ""}
    books = {"holds": [held], "coverages": [], "notes": [], "audit": []}

    outcome = judge(
        books=books,
        journal=[note, note],
        owners={"7": 2},
        away=1,
        is_readable=True,
        strikes=Counter(),
    )

    assert outcome.wrong == [
        "lead 7 is with 2, not with 1",
        "hold 1: live ",
        "lead 7: 2 times “Covered by”, not 1",
        "lead 7: 0 times “is back.”, not 1",
    ]
