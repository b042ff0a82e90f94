"""Notes that somebody writes by themselves, without an assignment."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from assignments.models import Note
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.notes import LONGEST_NOTE, write_note
from assignments.services.operations import invariants
from tests.dispatch_harness import state_of
from tests.factories import (
    MONDAY,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)


def write(lead, text="He asked for a call in June.", *, author=None, at=MONDAY):
    return write_note(lead=lead, text=text, author=author or make_manager(), at=at)


class TestWriteNote:
    def test_is_queued_under_its_author_and_asks_for_a_worker(
        self, db, queued, django_capture_on_commit_callbacks
    ):
        sara = make_manager("Sara Klein")

        with django_capture_on_commit_callbacks(execute=True):
            note = write(make_lead(), author=sara)

        assert (note.author, note.assignment, note.state) == (sara, None, "waiting")
        assert queued == [("assignments.tasks.dispatch",)]

    def test_the_same_text_within_a_minute_is_one_note(self, db):
        lead, sara = make_lead(), make_manager()

        first = write(lead, author=sara)
        again = write(lead, author=sara, at=MONDAY + timedelta(seconds=59))
        later = write(lead, author=sara, at=MONDAY + timedelta(seconds=61))

        assert again == first
        assert later != first

    def test_two_people_may_say_the_same(self, db):
        lead = make_lead()

        assert write(lead, author=make_manager()) != write(lead, author=make_manager())

    @pytest.mark.parametrize("text", ["", "  \n "])
    def test_refuses_an_empty_one(self, db, text):
        with pytest.raises(AssignmentRefused, match="Write something first"):
            write(make_lead(), text)

    def test_refuses_one_that_is_too_long(self, db):
        with pytest.raises(AssignmentRefused, match="5,000 is the most"):
            write(make_lead(), "x" * (LONGEST_NOTE + 1))

    def test_refuses_a_lead_that_is_gone(self, db):
        with pytest.raises(AssignmentRefused, match="no longer has Lena Lead"):
            write(make_lead("Lena Lead", gone_at=MONDAY))

    def test_is_for_those_who_may_move_the_lead(self, db):
        theo = make_user("Theo Brandt")
        mine = make_lead(owner=make_member(user=theo))
        of_my_team = make_lead(owner=make_member(team=make_team(leads=(theo,))))

        assert write(mine, author=theo).author == theo
        assert write(of_my_team, author=theo).author == theo
        with pytest.raises(NotAllowed, match="belongs to another team"):
            write(make_lead(owner=make_member(team=make_team())), author=theo)

    def test_only_such_a_note_stands_without_an_assignment(self, db):
        note = write(make_lead())

        with pytest.raises(IntegrityError), transaction.atomic():
            Note.objects.filter(pk=note.pk).update(kind=Note.Kind.ASSIGNED)


class TestSending:
    def test_it_is_sent_without_an_assignment_and_signed(self, office):
        note = write(office.lead(), author=make_manager("Sara Klein"))

        office.dispatch()

        assert state_of(note) == Note.State.DONE
        assert office.notes(note.lead)[-1] == (
            f"He asked for a call in June.\n\nSara Klein · {note.reference}"
        )
        assert office.writes() == []

    def test_it_does_not_wait_behind_a_note_whose_assignment_waits(self, office):
        lead, sara = office.lead(), make_manager()
        row = assign_lead(
            lead=lead,
            to=office.members[1],
            actor=sara,
            at=office.clock(),
            note="First.",
        )
        type(row).objects.filter(pk=row.pk).update(
            not_before=office.clock.now + timedelta(hours=1)
        )
        note = write(lead, author=sara)

        office.dispatch()

        assert state_of(note) == Note.State.DONE
        assert state_of(row.notes.get()) == Note.State.WAITING

    def test_several_waiting_notes_of_a_lead_are_no_finding_of_the_audit(self, office):
        lead = office.lead()
        for text in ("One.", "Two."):
            write(lead, text)
        office.dispatch()

        findings = invariants.check_invariants(at=office.clock())

        broken = [found for found in findings if not found.is_kept]
        assert not [found for found in broken if "note" in found.promise.lower()]
