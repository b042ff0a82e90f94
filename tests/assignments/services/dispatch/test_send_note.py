from collections.abc import Callable

import pytest

from assignments.models import Account, Lead, Note
from assignments.models.assignment import State
from assignments.sandbox.faults import FaultKind
from assignments.services.dispatch import send_note
from assignments.services.dispatch.queue import DispatchClaim
from assignments.services.ledger.assign import assign_lead
from assignments.smartlead.client import Client
from assignments.smartlead.errors import Refused
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import make_manager


def assign_with_note(
    office: DispatchHarness, text: str = "Ask for the yard plan."
) -> Note:
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


def sent(office: DispatchHarness, note: Note) -> int:
    """How many times Smartlead has it."""
    return sum(note.reference in text for text in office.notes(note.lead))


def test_a_note_that_smartlead_refuses_is_not_tried_again(office, monkeypatch):
    note = assign_with_note(office)
    monkeypatch.setattr(Client, "create_note", refuse)

    office.dispatch()

    assert state_of(note) == Note.State.REFUSED
    assert note.outcome == "Smartlead refused it: “Note too long”"


def refuse(*_: object, **__: object) -> None:
    raise Refused("Note too long", status=400)


@pytest.mark.parametrize(
    "kind", [FaultKind.LOST_ANSWER, FaultKind.EMPTY, FaultKind.APPLIED_ERROR]
)
def test_a_note_that_arrived_unconfirmed_is_found_and_not_repeated(office, kind):
    note = assign_with_note(office)
    office.world.faults.next(kind, call="note")

    office.dispatch()
    office.settle()
    office.settle()

    assert state_of(note) == Note.State.DONE
    ours = [text for text in office.notes(note.lead) if note.reference in text]
    assert len(ours) == 1


@pytest.mark.parametrize(
    "kind", [FaultKind.ERROR, FaultKind.BAD_GATEWAY, FaultKind.EMPTY_UNAPPLIED]
)
def test_a_note_that_did_not_arrive_is_sent_again(office, kind):
    note = assign_with_note(office)
    office.world.faults.next(kind, call="note")

    for _ in range(4):
        office.settle()

    assert state_of(note) == Note.State.DONE
    ours = [text for text in office.notes(note.lead) if note.reference in text]
    assert len(ours) == 1


def test_where_notes_cannot_be_read_an_unconfirmed_one_is_not_repeated(office):
    office.world.set_behaviour(notes="missing")
    note = assign_with_note(office)
    office.world.faults.next(FaultKind.LOST_ANSWER, call="note")

    office.dispatch()
    office.settle()
    office.settle()

    assert state_of(note) == Note.State.UNCONFIRMED
    assert "does not send it again" in note.outcome
    ours = [text for text in office.notes(note.lead) if note.reference in text]
    assert len(ours) == 1


def test_another_note_of_the_lead_is_not_taken_for_ours(office):
    note = assign_with_note(office)
    office.dispatch()
    later = note.assignment.notes.create(
        lead=note.lead,
        text="And the floor plan.",
        kind=Note.Kind.START,
        reference="H-LATER",
        created_at=office.clock(),
    )
    office.world.faults.next(FaultKind.HANG_THEN_DROP, call="note", seconds=0)

    for _ in range(3):
        office.settle()

    assert state_of(later) == Note.State.DONE
    assert sent(office, later) == 1


def test_one_on_a_lead_whose_notes_nobody_can_name_is_not_repeated(office):
    note = assign_with_note(office)
    Lead.objects.update(person_id=None)
    office.world.faults.next(FaultKind.LOST_ANSWER, call="note")

    office.dispatch()
    Lead.objects.update(person_id=None)
    office.settle()

    assert state_of(note) == Note.State.UNCONFIRMED
    assert sent(office, note) == 1


class TestFaults:
    @pytest.fixture
    def unanswered(self, office) -> Note:
        """Written, but the answer was lost."""
        note = assign_with_note(office)
        office.world.faults.next(FaultKind.LOST_ANSWER, call="note")
        office.dispatch()
        assert state_of(note) == Note.State.SENDING
        return note

    def test_a_failed_read_settles_nothing(self, office, unanswered):
        office.world.faults.next(FaultKind.ERROR, call="notes")

        office.settle()
        assert state_of(unanswered) == Note.State.SENDING
        office.settle()

        assert state_of(unanswered) == Note.State.DONE
        assert sent(office, unanswered) == 1

    def test_the_next_read_comes_a_while_later(self, office, unanswered):
        office.world.faults.next(FaultKind.ERROR, call="notes")

        office.settle()
        office.clock.advance(9)
        office.dispatch()

        assert state_of(unanswered) == Note.State.SENDING

    def test_too_many_calls_count_as_no_failure(self, office):
        note = assign_with_note(office)
        office.world.faults.next(FaultKind.TOO_MANY, call="note")

        office.take_turns(3)

        assert state_of(note) == Note.State.WAITING
        assert (note.failures, note.sends, note.not_before) == (0, 0, None)
        assert Account.objects.get().outage_since is None

    def test_other_faults_are_an_outage_and_settled_later(self, office):
        note = assign_with_note(office)
        office.world.faults.next(FaultKind.UNAVAILABLE, call="note")

        office.take_turns(3)

        assert state_of(note) == Note.State.SENDING
        assert Account.objects.get().outage_kind == "unavailable"

    def test_one_that_did_not_arrive_waits_a_while(self, office):
        note = assign_with_note(office)
        office.world.faults.next(FaultKind.HANG_THEN_DROP, call="note", seconds=0)

        office.dispatch()
        office.settle()

        assert state_of(note) == Note.State.WAITING
        assert note.not_before > office.clock()

    def test_nothing_is_sent_while_all_writes_are_paused(self, office, at_step):
        note = assign_with_note(office)
        at_step("recorded", lambda: Account.objects.update(paused_at=office.clock()))

        office.dispatch()

        assert state_of(note) == Note.State.WAITING
        assert office.world.call_log.calls(kind="note") == []


class TestStamp:
    @pytest.fixture
    def once_loaded(self, monkeypatch):
        """Something happens between the look at the claimed note and its stamp."""

        def connect(act: Callable[[], object]) -> None:
            def load(claim: DispatchClaim) -> Note | None:
                note = load_really(claim)
                act()
                return note

            load_really = send_note._load_claimed
            monkeypatch.setattr(send_note, "_load_claimed", load)

        return connect

    def test_a_note_claimed_by_another_before_it_is_looked_at_is_not_sent(
        self, office, at_step
    ):
        note = assign_with_note(office)
        at_step("claimed", lambda: steal_note(note))

        office.take_turns(4)

        assert sent(office, note) == 0

    def test_a_note_claimed_by_another_before_its_stamp_is_not_sent(
        self, office, once_loaded
    ):
        note = assign_with_note(office)
        once_loaded(lambda: steal_note(note))

        office.take_turns(4)

        assert sent(office, note) == 0

    def test_a_note_whose_lease_no_longer_covers_a_call_is_not_sent(
        self, office, once_loaded, at_step
    ):
        note, stamps = assign_with_note(office), []
        once_loaded(lambda: office.clock.advance(46))
        at_step("note stamped", lambda: stamps.append(note))

        office.take_turns(4)

        assert (state_of(note), stamps) == (Note.State.WAITING, [])

    def test_the_outcome_is_for_whoever_has_the_claim(self, office, at_step):
        note = assign_with_note(office)
        at_step("note answered", lambda: steal_note(note))

        office.take_turns(4)

        assert (state_of(note), note.token) == (Note.State.SENDING, "another's")


def steal_note(note: Note) -> None:
    Note.objects.filter(pk=note.pk, state=Note.State.SENDING).update(token="another's")
