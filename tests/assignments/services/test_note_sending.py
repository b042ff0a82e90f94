import pytest

from assignments.models import Note
from assignments.models.assignment import State
from assignments.sandbox.faults import Kind
from assignments.services.assigning import assign_lead
from tests.factories import make_manager
from tests.office import Office, state_of


def assign_with_note(office: Office, text: str = "Ask for the yard plan.") -> Note:
    row = assign_lead(
        lead=office.lead(),
        to=office.members[1],
        actor=make_manager(),
        at=office.clock(),
        note=text,
    )
    return row.notes.get()


def test_a_note_follows_its_assignment_with_author_and_reference(office):
    note = assign_with_note(office)

    office.dispatch()

    assert state_of(note) == Note.State.DONE
    assert note.smartlead_id is not None
    assert office.notes(note.lead)[-1] == (
        f"Ask for the yard plan.\n\nSara Klein · {note.reference}"
    )


def test_no_assignment_no_note(office):
    note = assign_with_note(office)
    office.world.assign_outside(note.lead_id, office.members[4].pk)

    office.dispatch()

    assert state_of(note.assignment) == State.OVERTAKEN
    assert state_of(note) == Note.State.CANCELLED


@pytest.mark.parametrize("kind", [Kind.LOST_ANSWER, Kind.EMPTY, Kind.APPLIED_ERROR])
def test_a_note_that_arrived_unconfirmed_is_found_and_not_repeated(office, kind):
    note = assign_with_note(office)
    office.world.faults.next(kind, call="note")

    office.dispatch()
    office.settle()
    office.settle()

    assert state_of(note) == Note.State.DONE
    ours = [text for text in office.notes(note.lead) if note.reference in text]
    assert len(ours) == 1


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.BAD_GATEWAY, Kind.EMPTY_UNAPPLIED])
def test_a_note_that_did_not_arrive_is_sent_again(office, kind):
    note = assign_with_note(office)
    office.world.faults.next(kind, call="note")

    for _ in range(4):
        office.settle()

    assert state_of(note) == Note.State.DONE
    ours = [text for text in office.notes(note.lead) if note.reference in text]
    assert len(ours) == 1


def test_where_notes_cannot_be_read_an_unconfirmed_one_is_not_repeated(office):
    office.world.set_switches(notes="missing")
    note = assign_with_note(office)
    office.world.faults.next(Kind.LOST_ANSWER, call="note")

    office.dispatch()
    office.settle()
    office.settle()

    assert state_of(note) == Note.State.UNCONFIRMED
    assert "does not send it again" in note.outcome
    ours = [text for text in office.notes(note.lead) if note.reference in text]
    assert len(ours) == 1
