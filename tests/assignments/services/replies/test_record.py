"""What is kept of replies and answers, whichever way their mails come in."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.models import Lead, MailEvent, Member, Reply
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.mirror import conversations
from assignments.services.mirror.import_leads import save_rows
from assignments.services.operations import invariants
from assignments.services.replies.record import record_mails
from assignments.smartlead.records import HistoryEntry
from tests.assignments.services.mirror.test_conversations import entry
from tests.factories import (
    MONDAY,
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_target,
)
from tests.mirror_harness import make_row

pytestmark = pytest.mark.django_db


def hour(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def look(*, sent: float, replied: float, at: float, **said: object) -> None:
    """A list shows the last mail of each side."""
    row = make_row(last_sent_at=hour(sent), last_reply_at=hour(replied), **said)
    save_rows([row], asked_at=hour(at), at=hour(at), by="list")


def mail(direction: str, at: float, **said: object) -> HistoryEntry:
    id_ = f"<{direction}-{at}@example.com>"
    return entry(direction=direction, at=hour(at), message_id=id_, **said)


def told(name: str = "minutes") -> list[tuple[object, object]]:
    rows = Reply.objects.order_by("replied_at")
    return [(row.replied_at, getattr(row, name)) for row in rows]


class TestLists:
    def test_a_reply_and_its_answer_in_two_looks(self):
        look(sent=-5, replied=-1, at=0)
        assert told() == [(hour(-1), None)]

        look(sent=1, replied=-1, at=2)

        assert told() == [(hour(-1), 120)]

    def test_both_in_one_look(self):
        look(sent=1, replied=-1, at=2)

        assert told("answered_at") == [(hour(-1), hour(1))]

    def test_replies_in_a_row_are_one(self):
        look(sent=-5, replied=-1, at=0)
        look(sent=-5, replied=1, at=2)
        look(sent=3, replied=1, at=4)

        assert told() == [(hour(-1), 240)]

    def test_an_old_read_that_comes_late_counts_as_well(self):
        look(sent=5, replied=4, at=6)
        look(sent=1, replied=0, at=2)

        assert told() == [(hour(0), 60), (hour(4), 60)]

    def test_what_is_known_costs_one_query(self, django_assert_num_queries):
        lead = make_lead()
        mails = {lead.pk: {(hour(0), "sent"), (hour(1), "reply")}}
        record_mails(mails, promised={})

        with django_assert_num_queries(1):
            record_mails(mails, promised={})

    def test_twenty_leads_cost_no_more_than_one(self, django_assert_num_queries):
        def mails(count: int) -> dict[int, set[tuple[datetime, str]]]:
            leads = [make_lead() for _ in range(count)]
            return {x.pk: {(hour(1), "reply"), (hour(2), "sent")} for x in leads}

        one, many = mails(1), mails(20)
        with django_assert_num_queries(9):
            record_mails(one, promised={})
        with django_assert_num_queries(9):
            record_mails(many, promised={})


class TestConversations:
    def test_mend_what_a_list_left_out(self):
        look(sent=6, replied=5, at=7)
        history = (mail("reply", 1), mail("sent", 2), mail("reply", 4), mail("sent", 6))

        look(sent=6, replied=5, at=8, history=history)

        assert told() == [(hour(1), 60), (hour(4), 120)]

    def test_an_opened_thread_tells_as_much(self):
        lead = make_lead()

        conversations.save_conversation(
            lead=lead, history=[mail("reply", 1), mail("sent", 2)], at=hour(3)
        )

        assert told() == [(hour(1), 60)]

    def test_a_bounce_is_no_reply(self):
        look(sent=-5, replied=-1, at=0)
        bounce = mail("reply", -1, is_bounce=True)

        look(sent=-5, replied=-1, at=1, history=(bounce,))

        assert told() == []
        assert not MailEvent.objects.filter(kind="reply").exists()

    def test_a_mail_without_a_moment_is_left_out(self):
        look(sent=-5, replied=-1, at=0, history=(replace(mail("sent", 1), at=None),))

        assert told() == [(hour(-1), None)]


MAILS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["sent", "reply", "bounce"])),
    max_size=8,
    unique_by=lambda mail: mail,
)


@given(mails=MAILS, cuts=st.randoms(use_true_random=False))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_the_same_mails_gives_the_same_rows(mails, cuts):
    facts = [(hour(at), kind) for at, kind in mails]
    at_once, bit_by_bit = make_lead(), make_lead()
    record_mails({at_once.pk: facts}, promised={})

    cuts.shuffle(facts)
    while facts:
        some = [facts.pop() for _ in range(min(len(facts), cuts.randint(1, 3)))]
        record_mails({bit_by_bit.pk: some}, promised={})

    names = ("replied_at", "answered_at", "minutes")
    rows = [list(lead.replies.values_list(*names).order_by("replied_at"))
            for lead in (at_once, bit_by_bit)]  # fmt: skip
    assert rows[0] == rows[1]


class TestCredit:
    @pytest.fixture
    def lead(self, ben: Member) -> Lead:
        return make_lead(owner=ben)

    def moved(self, lead: Lead, before: Member, to: Member, at: float) -> None:
        make_assignment(
            lead, to, expected=before, state="done", created_at=hour(at),
            finished_at=hour(at),
        )  # fmt: skip

    def answered(self, lead: Lead, at: float) -> Reply:
        record_mails({lead.pk: {(hour(0), "reply"), (hour(at), "sent")}}, promised={})
        return lead.replies.get()

    @pytest.fixture
    def walked(self, lead: Lead, ana: Member, ben: Member, cem: Member) -> Lead:
        """Ana had it, then Ben from 2 o'clock, then Cem from 4."""
        self.moved(lead, ana, ben, 2)
        self.moved(lead, ben, cem, 4)
        return lead

    @pytest.mark.parametrize(
        ("at", "credited"), [(1, "Ana"), (2, "Ben"), (3, "Ben"), (5, "Cem")]
    )
    def test_goes_to_who_had_the_lead_at_that_moment(self, walked, at, credited):
        assert str(self.answered(walked, at).owner) == credited

    def test_without_any_change_it_goes_to_the_owner(self, lead, ben):
        assert self.answered(lead, 1).owner == ben

    def test_work_of_a_coverer_is_theirs_and_says_for_whom(self, lead, ana, ben):
        self.moved(lead, ana, ben, 0.5)
        make_hold(make_coverage(ana, ben), lead, taken_at=hour(0.5))

        reply = self.answered(lead, 1)

        assert (reply.owner, reply.covering_for) == (ben, ana)

    def test_before_and_after_a_hold_nobody_covers(self, lead, ana, ben):
        make_hold(
            make_coverage(ana, ben), lead, taken_at=hour(2), outcome="returned",
            state="ended", ended_at=hour(3),
        )  # fmt: skip

        assert self.answered(lead, 1).covering_for is None
        MailEvent.objects.all().delete()
        Reply.objects.all().delete()
        assert self.answered(lead, 3).covering_for is None

    def test_it_is_given_once_the_owner_is_known(self):
        look(sent=1, replied=0, at=2, owner_known=False, owner_id=None)
        assert told("owner_id") == [(hour(0), None)]

        look(sent=1, replied=0, at=3)

        assert told("owner_id") == [(hour(0), 7)]

    def test_also_where_a_read_for_a_decision_tells_the_owner(self, lead, ben):
        Lead.objects.update(owner=None, owner_known_at=None)
        assert self.answered(lead, 1).owner is None
        sighting = OwnerObservation(
            owner_id=ben.pk, known=True, asked_at=hour(2), by="get"
        )

        observe_owner(map_id=lead.pk, sighting=sighting, at=hour(2))

        assert Reply.objects.get().owner == ben

    def test_a_change_seen_in_the_same_look_came_after_the_answer(self):
        look(sent=-5, replied=0, at=0.5)

        look(sent=1, replied=0, at=2, owner_id=8)

        assert told("owner_id") == [(hour(0), 7)]


class TestPromise:
    def test_is_kept_as_it_stood_before_the_answer(self):
        look(sent=-5, replied=-1, at=0)
        Lead.objects.update(answer_due_at=hour(3))

        look(sent=1, replied=-1, at=2)

        assert told("due_at") == [(hour(-1), hour(3))]

    def test_is_told_by_the_rule_if_reply_and_answer_are_seen_at_once(self):
        look(sent=1, replied=-1, at=2)

        assert told("due_at") == [(hour(-1), hour(23))]

    def test_outlives_a_change_of_the_rule(self):
        look(sent=1, replied=-1, at=2)
        make_target(120)

        look(sent=6, replied=5, at=7)

        assert told("due_at") == [(hour(-1), hour(23)), (hour(5), hour(7))]

    def test_stays_with_an_answer_that_a_conversation_mends(self):
        look(sent=-5, replied=-1, at=0)
        Lead.objects.update(answer_due_at=hour(3))
        look(sent=2, replied=-1, at=2)

        look(sent=2, replied=-1, at=3, history=(mail("sent", 1),))

        assert told("answered_at") == [(hour(-1), hour(1))]
        assert told("due_at") == [(hour(-1), hour(3))]

    def test_there_is_none_for_a_closed_conversation(self):
        make_category("No", id=3, is_closing=True)

        look(sent=1, replied=-1, at=2, category_id=3)

        assert told("due_at") == [(hour(-1), None)]


def test_the_audit_finds_an_answer_that_is_missing():
    make_member(id=7)
    look(sent=1, replied=-1, at=2)
    findings = {str(one): one for one in invariants.check_invariants(at=MONDAY)}
    kept = "Every answer is as mails and ledger tell it."
    assert findings[kept].is_kept

    Reply.objects.all().delete()

    assert any(
        "Broken by lead 1" in str(one) for one in invariants.check_invariants(at=MONDAY)
    )
