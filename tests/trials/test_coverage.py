"""The kill trial of a coverage, short form, on the database that the suite runs on."""

from collections import Counter

import pytest

from tests.trials.coverage import check_coverage, run_trial


def test_whatever_dies_leads_come_back_and_notes_are_written_once(databases):
    report = run_trial(databases, seed=1, leads=16, seconds=60)

    assert report.wrong == []
    assert report.counts["taken"] > 0
    assert report.counts["strikes"] > 0


@pytest.mark.parametrize(
    ("state", "is_readable", "is_clean"),
    [
        ("unconfirmed", False, True),
        ("unconfirmed", True, False),
        ("done", False, False),
    ],
)
def test_the_check_forgives_a_missing_note_only_where_nobody_can_tell(
    state, is_readable, is_clean
):
    marks = ("Covered by Ben for Ana.", "Ana is back.")
    notes = [{"lead_id": 7, "state": state, "text": mark} for mark in marks]
    held = {
        "id": 1, "lead_id": 7, "taken_at": 1.0, "state": "ended", "outcome": "returned",
    }  # fmt: skip

    report = check_coverage(
        results={"holds": [held], "coverages": [], "notes": notes, "audit": []},
        journal=[],
        owners={"7": 1},
        away=1,
        is_readable=is_readable,
        strikes=Counter(),
    )

    assert (report.wrong == []) is is_clean


def test_the_check_sees_a_lead_that_stayed_and_a_note_that_came_twice():
    note = {
        "kind": "note", "source": "api", "applied_seq": 1, "map_id": 7,
        "note": "Covered by Ben for Ana.",
    }  # fmt: skip
    held = {"id": 1, "lead_id": 7, "taken_at": 1.0, "state": "live", "outcome": ""}
    results = {"holds": [held], "coverages": [], "notes": [], "audit": []}

    report = check_coverage(
        results=results,
        journal=[note, note],
        owners={"7": 2},
        away=1,
        is_readable=True,
        strikes=Counter(),
    )

    assert report.wrong == [
        "lead 7 is with 2, not with 1",
        "hold 1: live ",
        "lead 7: 2 times “Covered by”, not 1",
        "lead 7: 0 times “is back.”, not 1",
    ]
