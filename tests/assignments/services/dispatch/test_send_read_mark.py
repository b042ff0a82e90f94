from datetime import timedelta

import pytest

from assignments.models import Account, Lead
from assignments.sandbox.faults import FaultKind
from assignments.services import account
from assignments.services.dispatch.dispatcher import is_work_left
from assignments.services.dispatch.queue import claim_next
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.read_marks import mark_lead
from assignments.services.mirror.import_leads import save_row
from assignments.smartlead.client import Client
from assignments.smartlead.errors import Refused
from tests.factories import MONDAY, make_manager, make_user
from tests.mirror_harness import make_row


@pytest.fixture
def unread(office) -> Lead:
    """An unread lead, here and in Smartlead."""
    lead = office.lead()
    office.world.lead(lead.pk).is_unread = True
    lead.is_unread = True
    lead.save()
    return lead


def mark(office, lead: Lead, *, is_read: bool = True, actor=None) -> None:
    mark_lead(
        lead=lead, is_read=is_read, actor=actor or make_manager(), at=office.clock()
    )


def is_unread_there(office, lead: Lead) -> bool:
    return office.world.lead(lead.pk).is_unread


def claim(office):
    return claim_next(Account.objects.get(), office.clock())


def calls(office) -> int:
    return len(office.world.call_log.calls(kind="read_status"))


class TestMark:
    def test_a_lead_marked_read_is_so_in_smartlead_too(self, office, unread):
        mark(office, unread)

        office.dispatch()

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (False, None)
        assert not is_unread_there(office, unread)

    def test_it_can_be_marked_unread_again(self, office, unread):
        mark(office, unread)
        office.dispatch()
        mark(office, unread, is_read=False)

        office.dispatch()

        assert is_unread_there(office, unread)

    def test_the_last_word_is_what_is_sent(self, office, unread):
        mark(office, unread)
        mark(office, unread, is_read=False)

        office.dispatch()

        assert is_unread_there(office, unread)
        assert calls(office) == 1

    def test_what_is_so_already_costs_no_call(self, office, unread):
        mark(office, unread, is_read=False)

        office.dispatch()

        assert calls(office) == 0

    def test_is_for_those_who_may_move_the_lead(self, office, unread):
        with pytest.raises(NotAllowed):
            mark(office, unread, actor=make_user())

    def test_a_lead_that_is_gone_cannot_be_marked(self, office, unread):
        Lead.objects.filter(pk=unread.pk).update(gone_at=MONDAY)

        with pytest.raises(AssignmentRefused, match="no longer"):
            mark(office, unread)


class TestMarkedAgainWhileSent:
    def test_no_second_worker_sends_it_meanwhile(self, office, unread):
        mark(office, unread)
        first = claim(office)
        mark(office, unread, is_read=False)

        second = claim(office)

        assert first is not None
        assert second is None

    def test_the_last_word_is_sent_when_the_first_call_has_ended(
        self, office, unread, monkeypatch
    ):
        send = Client.set_read

        def send_while_marked_again(client, **said):
            monkeypatch.setattr(Client, "set_read", send)
            send(client, **said)
            mark(office, unread, is_read=False)

        monkeypatch.setattr(Client, "set_read", send_while_marked_again)
        mark(office, unread)

        office.dispatch()

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (True, None)
        assert is_unread_there(office, unread)
        assert calls(office) == 2

    def test_the_last_word_is_kept_when_the_first_call_was_refused(
        self, office, unread, monkeypatch
    ):
        send = Client.set_read

        def refuse_while_marked_again(_client, **_said):
            monkeypatch.setattr(Client, "set_read", send)
            mark(office, unread, is_read=False)
            raise Refused("Lead is archived", status=400)

        monkeypatch.setattr(Client, "set_read", refuse_while_marked_again)
        mark(office, unread)

        office.dispatch()

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (True, None)
        assert unread.read_refusal == ""

    def test_changed_and_changed_back_nothing_is_sent_twice(
        self, office, unread, monkeypatch
    ):
        send = Client.set_read

        def send_while_marked_twice(client, **said):
            send(client, **said)
            mark(office, unread, is_read=False)
            mark(office, unread, is_read=True)

        monkeypatch.setattr(Client, "set_read", send_while_marked_twice)
        mark(office, unread)

        office.dispatch()

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (False, None)
        assert calls(office) == 1


class TestTrouble:
    def test_refused_it_is_again_what_it_was_and_says_so(
        self, office, unread, monkeypatch
    ):
        monkeypatch.setattr(Client, "set_read", _refuse)
        mark(office, unread)

        office.dispatch()

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (True, None)
        assert unread.read_refusal == "Smartlead refused it: “Lead is archived”"

    @pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.ERROR])
    def test_what_was_not_confirmed_is_sent_again(self, office, unread, kind):
        office.world.faults.next(kind, call="read_status")
        mark(office, unread)
        office.dispatch()
        office.clock.advance(700)

        office.dispatch()

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (False, None)
        assert not is_unread_there(office, unread)
        assert calls(office) == 2

    def test_what_is_never_confirmed_is_given_up_with_a_sentence(self, office, unread):
        mark(office, unread)
        for _ in range(8):
            office.world.faults.next(FaultKind.PLAIN_TEXT, call="read_status")
            office.dispatch()
            office.clock.advance(700)

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (True, None)
        assert unread.read_refusal == "Smartlead did not confirm it."

    def test_a_worker_that_died_leaves_it_to_the_next_one(self, office, unread):
        mark(office, unread)
        later = office.clock() + timedelta(seconds=60)
        Lead.objects.filter(pk=unread.pk).update(read_due_at=later)
        office.dispatch()
        assert calls(office) == 0
        office.clock.advance(61)

        office.dispatch()

        assert not is_unread_there(office, unread)

    def test_nothing_is_sent_while_all_writes_are_paused(self, office, unread):
        account.pause_writes(actor=make_manager(), reason="", at=office.clock())
        mark(office, unread)

        office.dispatch()

        assert calls(office) == 0
        assert not is_work_left(Account.objects.get())


class TestTheMirror:
    def test_does_not_undo_a_mark_that_is_not_sent_yet(self, office, unread):
        mark(office, unread)

        _read(office, unread, unread=True)

        unread.refresh_from_db()
        assert not unread.is_unread

    def test_of_before_the_mark_was_sent_teaches_nothing(self, office, unread):
        asked_at = office.clock()
        mark(office, unread)
        office.dispatch()

        row = make_row(unread.pk, unread=True)
        save_row(row, asked_at=asked_at, at=office.clock(), by="list")

        unread.refresh_from_db()
        assert not unread.is_unread

    def test_of_a_newer_reply_makes_it_unread_and_drops_the_mark(self, office, unread):
        mark(office, unread)

        _read(office, unread, unread=True, last_reply_at=MONDAY + timedelta(minutes=1))

        unread.refresh_from_db()
        assert (unread.is_unread, unread.read_due_at) == (True, None)


def _read(office, lead: Lead, **said) -> None:
    at = office.clock.advance(1)
    save_row(make_row(lead.pk, **said), asked_at=at, at=at, by="list")


def _refuse(*_: object, **__: object) -> None:
    raise Refused("Lead is archived", status=400)
