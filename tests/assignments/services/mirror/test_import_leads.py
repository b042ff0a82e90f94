from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from assignments.models import Assignment, Campaign, Category, Lead, Member
from assignments.services.mirror.import_leads import (
    Asker,
    SavedRows,
    save_row,
    save_rows,
)
from assignments.smartlead.records import HistoryEntry, LeadRow
from tests.factories import (
    MONDAY,
    make_assignment,
    make_category,
    make_lead,
    make_member,
    make_target,
)
from tests.mirror_harness import make_row

pytestmark = pytest.mark.django_db


def save(row: LeadRow, *, asked_at: datetime = MONDAY, by: Asker = "list") -> Lead:
    save_row(row, asked_at=asked_at, at=asked_at, by=by)
    return Lead.objects.get(pk=row.map_id)


def make_mail(body: str, *, hours: int) -> HistoryEntry:
    return HistoryEntry(
        message_id=f"<{hours}@example.com>",
        stats_id="",
        direction="reply",
        sender="",
        recipient="",
        cc=(),
        at=MONDAY + timedelta(hours=hours),
        subject="",
        body_html=body,
        sequence_number=None,
        is_bounce=False,
        attachments=(),
    )


class TestAttributes:
    def test_a_new_lead_arrives_with_owner_campaign_and_search_text(self):
        lead = save(make_row(company="Nordfrost", revenue=Decimal("12.50")))

        assert (lead.owner_id, lead.campaign_id, lead.person_id) == (7, 5, 1001)
        assert lead.search_text == "lena lead lead-1@example.com nordfrost cold storage"
        assert lead.first_seen_at == lead.seen_at == MONDAY
        assert lead.revenue == Decimal("12.50")

    def test_an_unknown_category_gets_a_stand_in(self):
        save(make_row(category_id=4497))

        assert Category.objects.get(pk=4497).name == "Category 4497"

    def test_what_a_row_leaves_out_stays_as_it_was(self):
        save(make_row(company="Nordfrost", category_id=3, unread=True))

        lead = save(
            make_row(first_name="", category_id=None, unread=None, campaign_id=None),
            asked_at=MONDAY + timedelta(minutes=1),
        )

        assert (lead.first_name, lead.company, lead.category_id) == (
            "Lena",
            "Nordfrost",
            3,
        )
        assert lead.is_unread
        assert lead.campaign_id == 5

    def test_an_older_read_changes_nothing(self):
        save(make_row(first_name="New"))

        lead = save(make_row(first_name="Old"), asked_at=MONDAY - timedelta(seconds=1))

        assert lead.first_name == "New"
        assert lead.seen_at == MONDAY

    def test_a_lead_seen_again_is_not_gone(self):
        make_lead(map_id=1, gone_at=MONDAY, missed_passes=2, seen_at=MONDAY)

        lead = save(make_row(), asked_at=MONDAY + timedelta(hours=1))

        assert lead.gone_at is None
        assert lead.missed_passes == 0

    def test_texts_and_sums_too_big_for_their_column_do_not_stop_the_page(self):
        lead = save(make_row(last_name="x" * 500, revenue=Decimal(10) ** 13))

        assert len(lead.last_name) == 200
        assert lead.revenue is None

    def test_the_name_of_an_owner_known_only_by_id_is_learnt(self):
        save(make_row(owner_name="Tom Whelan"))

        assert Member.objects.get(pk=7).name == "Tom Whelan"


class TestLastMessage:
    def test_is_what_the_newest_mail_says_without_markup_and_quote(self):
        newest = make_mail(
            "<p>Yes,&nbsp;let's <b>talk</b>.</p><script>x</script>"
            "<div class='gmail_quote'>On Monday Ana wrote: Shall we talk?</div>",
            hours=2,
        )

        lead = save(make_row(history=(newest, make_mail("older", hours=1))))

        assert lead.last_message == "Yes, let's talk."

    def test_stays_when_a_row_brings_no_history(self):
        save(make_row(history=(make_mail("Hello", hours=1),)))

        lead = save(make_row(), asked_at=MONDAY + timedelta(minutes=1))

        assert lead.last_message == "Hello"


class TestAnswerOwed:
    def test_is_owed_when_the_last_word_is_theirs(self):
        make_target(8 * 60)

        lead = save(make_row())

        assert lead.answer_owed
        assert lead.answer_due_at == MONDAY + timedelta(hours=7)

    @pytest.mark.parametrize(
        ("replied", "sent", "closing"),
        [(None, -1, False), (-2, -1, False), (-1, -2, True)],
        ids=["never replied", "we spoke last", "closed"],
    )
    def test_is_not_owed_otherwise(self, replied, sent, closing):
        make_category(id=3, is_closing=closing)

        lead = save(
            make_row(
                category_id=3,
                last_reply_at=replied and MONDAY + timedelta(hours=replied),
                last_sent_at=MONDAY + timedelta(hours=sent),
            )
        )

        assert not lead.answer_owed
        assert lead.answer_due_at is None


class TestOwner:
    def test_a_change_made_in_smartlead_is_written_into_the_ledger(self):
        save(make_row(owner_id=7))

        save(make_row(owner_id=8), asked_at=MONDAY + timedelta(minutes=1))

        row = Assignment.objects.get()
        assert (row.cause, row.expected_id, row.to_id) == ("outside", 7, 8)

    def test_a_list_that_contradicts_our_own_write_asks_for_another_look(self):
        ana, ben = make_member("Ana"), make_member("Ben")
        make_lead(
            map_id=1,
            owner=ben,
            owner_known_at=MONDAY,
            owner_changed_at=MONDAY,
            owner_written_at=MONDAY,
        )

        lead = save(make_row(owner_id=ana.pk), asked_at=MONDAY + timedelta(minutes=1))

        assert lead.owner == ben
        assert lead.recheck_at is not None
        assert not Assignment.objects.exists()

    def test_a_list_that_agrees_makes_the_owner_known_from_then(self):
        save(make_row())
        later = MONDAY + timedelta(minutes=1)

        lead = save(make_row(), asked_at=later)

        assert lead.owner_known_at == later

    def test_a_list_asked_before_our_write_was_answered_says_nothing_about_it(self):
        ana = make_member("Ana")
        answered = MONDAY + timedelta(seconds=5)
        make_lead(map_id=1, owner=ana, owner_known_at=answered)

        lead = save(make_row(owner_id=ana.pk), asked_at=MONDAY)

        assert lead.owner_known_at == answered

    def test_a_list_that_agrees_verifies_what_was_done(self):
        ana = make_member("Ana")
        lead = make_lead(map_id=1, owner=ana)
        done = make_assignment(lead, ana, state="done", finished_at=MONDAY)
        later = MONDAY + timedelta(minutes=1)

        save(make_row(owner_id=ana.pk), asked_at=later)

        done.refresh_from_db()
        assert done.verified_at == later

    def test_a_lead_being_sent_is_left_alone(self):
        ana, ben = make_member("Ana"), make_member("Ben")
        lead = make_lead(map_id=1, owner=ana)
        known_at = lead.owner_known_at
        make_assignment(lead, ben, state="sending", token="t", lease_until=MONDAY)

        for owner in (ana, ben):
            lead = save(make_row(owner_id=owner.pk), asked_at=lead.seen_at)

        assert (lead.owner, lead.owner_known_at) == (ana, known_at)

    def test_a_row_that_does_not_name_its_owner_changes_none(self):
        save(make_row(owner_id=7))

        lead = save(
            make_row(owner_id=None, owner_known=False),
            asked_at=MONDAY + timedelta(minutes=1),
        )

        assert lead.owner_id == 7


class TestPage:
    def page(self, count: int, **said: object) -> list[LeadRow]:
        return [make_row(number, **said) for number in range(1, count + 1)]

    def test_says_what_is_new_and_which_owners_changed(self):
        save_rows(self.page(2), asked_at=MONDAY, at=MONDAY, by="list")
        later = MONDAY + timedelta(minutes=1)
        rows = [make_row(1, owner_id=8), make_row(2), make_row(3)]

        saved = save_rows(rows, asked_at=later, at=later, by="list")

        assert saved == SavedRows(new=1, changed_owners=1)

    def test_costs_as_many_queries_for_twenty_rows_as_for_one(
        self, django_assert_num_queries, django_assert_max_num_queries
    ):
        save_rows(self.page(20), asked_at=MONDAY, at=MONDAY, by="list")
        later = MONDAY + timedelta(minutes=1)
        with django_assert_max_num_queries(12) as counted:
            save_rows(self.page(1), asked_at=later, at=later, by="list")

        with django_assert_num_queries(len(counted)):
            rows = self.page(20)
            later += timedelta(minutes=1)
            save_rows(rows, asked_at=later, at=later, by="list")

    def test_a_row_that_comes_twice_is_one_lead(self):
        saved = save_rows(
            [make_row(1), make_row(1)], asked_at=MONDAY, at=MONDAY, by="list"
        )

        assert saved.new == 1
        assert Lead.objects.count() == 1

    def test_many_changed_leads_are_written_at_once(
        self, django_assert_max_num_queries
    ):
        save_rows(self.page(20), asked_at=MONDAY, at=MONDAY, by="list")
        later = MONDAY + timedelta(minutes=1)

        with django_assert_max_num_queries(13):
            save_rows(
                self.page(20, first_name="Lea", campaign_id=6),
                asked_at=later,
                at=later,
                by="list",
            )

        assert Lead.objects.filter(first_name="Lea", campaign=6).count() == 20
        assert Campaign.objects.count() == 2
