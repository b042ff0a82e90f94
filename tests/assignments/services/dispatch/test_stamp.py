"""The last act before the socket, and how long it counts.

See docs/design/design.md, rule 5.
"""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import transaction

from assignments.models import Account, Assignment, Lead, Note
from assignments.models.assignment import Cause, State, Urgency
from assignments.sandbox.faults import FaultKind
from assignments.services.dispatch import send_assignment
from assignments.services.dispatch.send_assignment import OwnerCheck
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.smartlead import transport
from tests.dispatch_harness import state_of
from tests.factories import make_assignment, make_manager

NOTE = "Please call back."


@pytest.fixture
def row(office) -> Assignment:
    return assign_lead(
        lead=office.lead(),
        to=office.members[1],
        actor=make_manager(),
        at=office.clock(),
    )


@pytest.fixture
def once_compared(monkeypatch):
    """Something happens between the comparison and the stamp."""

    def connect(act: Callable[[], object]) -> None:
        def check_owner(*args: object) -> OwnerCheck:
            found = compare_really(*args)
            if found is OwnerCheck.SEND:
                act()
            return found

        compare_really = send_assignment.check_owner
        monkeypatch.setattr(send_assignment, "check_owner", check_owner)

    return connect


class TestStamp:
    def test_nothing_is_sent_over_an_owner_that_changed_since(
        self, office, row, once_compared
    ):
        once_compared(lambda: Lead.objects.update(owner=office.members[4]))

        office.take_turns(3)

        assert office.writes() == []

    def test_nothing_is_sent_once_somebody_has_paused_all_writes(
        self, office, row, once_compared
    ):
        once_compared(lambda: Account.objects.update(paused_at=office.clock()))

        office.take_turns(3)

        assert office.writes() == []
        assert state_of(row) == State.WAITING

    def test_nothing_is_sent_by_whoever_lost_the_claim(
        self, office, row, once_compared
    ):
        once_compared(lambda: Assignment.objects.update(token="another's"))

        office.take_turns(3)

        assert office.writes() == []
        row.refresh_from_db()
        assert (row.token, row.sent_at, row.sends) == ("another's", None, 0)

    def test_nothing_is_sent_for_a_claim_lost_before_it_was_looked_at(
        self, office, row, at_step
    ):
        at_step("claimed", lambda: Assignment.objects.update(token="another's"))

        office.take_turns(3)

        assert office.world.call_log.calls() == []

    def test_nothing_is_stamped_on_a_read_that_has_grown_old(
        self, office, row, once_compared, at_step
    ):
        stamps = []
        once_compared(lambda: office.clock.advance(11))
        at_step("stamped", lambda: stamps.append(row))

        office.take_turns(3)

        assert stamps == []

    def test_no_note_is_sent_once_somebody_has_paused_all_writes(
        self, office, row, at_step
    ):
        row.notes.create(
            lead=row.lead, text=NOTE, reference="H-1", created_at=office.clock()
        )
        office.take_turns(2)

        at_step("claimed", lambda: Account.objects.update(paused_at=office.clock()))
        office.take_turns(3)

        assert office.notes(row.lead) == []


class TestDeadlineOfAStamp:
    """The process is paused between stamp and socket."""

    @pytest.fixture
    def paused(self, at_step, monkeypatch):
        def pause(step: str, seconds: float) -> None:
            later = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
            at_step(step, lambda: monkeypatch.setattr(transport, "time", later))

        return pause

    def test_a_click_is_not_sent_on_a_read_older_than_ten_seconds(
        self, office, row, paused
    ):
        paused("stamped", 11)

        office.take_turns(2)

        assert office.writes() == []
        assert state_of(row) == State.WAITING
        assert row.sends == 0

    def test_a_batch_is_not_sent_when_its_lease_no_longer_covers_a_call(
        self, office, paused
    ):
        row = make_assignment(
            office.lead(), office.members[1], cause=Cause.BULK, urgency=Urgency.BULK
        )
        paused("stamped", 46)

        office.take_turns(2)

        assert office.writes() == []
        assert state_of(row) == State.WAITING

    def test_a_note_is_not_sent_when_its_lease_no_longer_covers_a_call(
        self, office, row, paused
    ):
        note = row.notes.create(
            lead=row.lead, text=NOTE, reference="H-1", created_at=office.clock()
        )
        office.take_turns(2)
        paused("note stamped", 46)

        office.take_turns(1)

        assert office.notes(row.lead) == []
        assert state_of(note) == Note.State.WAITING

    def test_a_note_is_not_settled_before_a_hung_one_can_have_landed(self, office, row):
        note = row.notes.create(
            lead=row.lead, text=NOTE, reference="H-1", created_at=office.clock()
        )
        office.world.faults.next(FaultKind.HANG_THEN_DROP, call="note", seconds=0)
        office.dispatch()

        office.clock.advance(55)
        office.dispatch()
        assert state_of(note) == Note.State.SENDING
        office.clock.advance(6)
        office.dispatch()

        assert state_of(note) != Note.State.SENDING


class TestWhatAnAnswerProves:
    """The process is paused between the answer and its look at the clock."""

    def test_an_owner_changed_in_that_pause_is_not_overwritten_by_the_next_click(
        self, office, row, at_step
    ):
        def pause() -> None:
            office.clock.advance(30)
            office.world.assign_outside(row.lead_id, office.members[4].pk)

        at_step("answered", pause)
        office.dispatch()
        click = assign_lead(
            lead=row.lead,
            to=office.members[2],
            actor=make_manager(),
            at=office.clock(),
        )
        office.dispatch()

        assert state_of(click) == State.OVERTAKEN
        assert office.world.owner(row.lead_id) == office.members[4].pk

    def test_a_list_asked_in_that_pause_is_ignored(self, office, row, at_step):
        asked = []
        at_step("answered", lambda: asked.append(office.clock()))
        at_step("answered", lambda: office.clock.advance(30))
        office.dispatch()

        sighting = OwnerObservation(
            owner_id=office.members[0].pk, known=True, asked_at=asked[0], by="list"
        )
        with transaction.atomic():
            observe_owner(map_id=row.lead_id, sighting=sighting, at=office.clock())

        row.lead.refresh_from_db()
        assert (row.lead.owner, row.lead.recheck_at) == (office.members[1], None)
