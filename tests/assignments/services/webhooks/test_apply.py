"""What an event changes on a lead, and what it never does."""

from datetime import timedelta

import pytest

from assignments.models import Category, Lead, Message, WebhookEvent
from assignments.models.lead import NEVER
from assignments.services.webhooks.apply import MOST_UNKNOWN
from assignments.services.webhooks.receive import receive
from tests.factories import MONDAY, make_campaign, make_category, make_lead, make_member
from tests.webhook_events import (
    LATER,
    SECRET,
    category_event,
    encoded_body,
    reply_event,
)

pytestmark = pytest.mark.django_db

NOW = LATER + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


@pytest.fixture
def lead() -> Lead:
    return make_lead(campaign=make_campaign(), owner=make_member("Ana"))


def tell(payload, *, at=NOW, **headers) -> WebhookEvent:
    receive(body=encoded_body(payload), signature=None, at=at, **headers)
    return WebhookEvent.objects.latest("pk")


class TestReply:
    def test_counts_from_when_it_was_written(self, lead):
        event = tell(reply_event(lead))

        lead.refresh_from_db()
        assert (lead.last_reply_at, lead.answer_owed) == (LATER, True)
        assert (event.state, event.outcome) == ("done", "The reply is shown.")

    def test_asks_for_one_read_of_the_lead(
        self, lead, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            tell(reply_event(lead))

        lead.refresh_from_db()
        assert lead.recheck_at == NOW
        assert ("assignments.tasks.dispatch",) in queued

    def test_leaves_owner_and_everything_else_alone(self, lead):
        before = Lead.objects.values().get()

        tell(reply_event(lead, team_member_id=9, lead_category_id=5, first_name="X"))

        after = Lead.objects.values().get()
        assert {name for name in before if before[name] != after[name]} == {
            "last_reply_at", "is_unread", "last_message", "answer_owed",
            "last_message_mark", "answer_due_at", "recheck_at", "reply_order",
            "due_order", "seen_at", "search_text",
        }  # fmt: skip

    def test_older_than_the_newest_only_fills_the_gap(self, lead):
        event = tell(reply_event(lead, at=MONDAY - timedelta(days=2)))

        lead.refresh_from_db()
        assert lead.last_reply_at == MONDAY - timedelta(hours=1)
        assert (lead.is_unread, lead.last_message, lead.recheck_at) == (False, "", None)
        assert Message.objects.count() == 1
        assert event.outcome == "A newer reply was known already."

    def test_that_a_later_read_did_not_show_is_left_to_another_read(self, lead):
        before = MONDAY - timedelta(days=9)
        Lead.objects.update(last_reply_at=before, last_sent_at=before)

        event = tell(reply_event(lead, at=MONDAY - timedelta(days=2)))

        lead.refresh_from_db()
        assert (lead.last_reply_at, lead.recheck_at) == (before, NOW)
        assert not lead.answer_owed
        assert "read again" in event.outcome

    def test_from_the_future_counts_as_of_now(self, lead):
        tell(reply_event(lead, at=NOW + timedelta(days=900)))

        lead.refresh_from_db()
        assert lead.last_reply_at == NOW

    def test_to_a_closed_conversation_owes_no_answer(self, lead):
        lead.category = make_category(is_closing=True)
        lead.save()

        tell(reply_event(lead))

        lead.refresh_from_db()
        assert (lead.answer_owed, lead.last_reply_at) == (False, LATER)

    def test_whose_mail_has_no_id_is_kept_as_last_words_only(self, lead):
        tell(reply_event(lead, reply_message={"html": "<p>Yes.</p>"}))

        lead.refresh_from_db()
        assert (lead.last_message, Message.objects.count()) == ("Yes.", 0)

    @pytest.mark.parametrize("name", ["EMAIL_REPLIED", "LEAD_REPLIED", "email_reply"])
    def test_goes_by_several_names(self, lead, name):
        assert tell(reply_event(lead, event_type=name)).outcome == "The reply is shown."

    def test_makes_the_conversation_no_complete_one(self, lead):
        tell(reply_event(lead))

        lead.refresh_from_db()
        assert lead.thread_at is None

    def test_does_not_bring_a_lead_back_that_is_gone(
        self, lead, queued, django_capture_on_commit_callbacks
    ):
        Lead.objects.update(gone_at=MONDAY)

        with django_capture_on_commit_callbacks(execute=True):
            tell(reply_event(lead))

        lead.refresh_from_db()
        assert (lead.gone_at, lead.last_reply_at < LATER) == (MONDAY, True)
        assert ("assignments.tasks.open_lead", lead.pk) in queued


class TestMailOfOurs:
    def sent(self, lead, at=LATER):
        part = {
            "message_id": "<ours@x>",
            "html": "<p>Gladly.</p>",
            "time": at.isoformat(),
        }
        return reply_event(lead, event_type="EMAIL_SENT", sent_message=part)

    def test_answers_the_reply_before_it(self, lead):
        Lead.objects.update(answer_owed=True, last_reply_at=MONDAY)

        tell(self.sent(lead))

        lead.refresh_from_db()
        assert (lead.last_sent_at, lead.answer_owed) == (LATER, False)
        assert Message.objects.get().direction == "sent"

    def test_older_than_the_last_changes_nothing(self, lead):
        event = tell(self.sent(lead, at=MONDAY - timedelta(days=1)))

        assert event.outcome == "A newer mail of ours was known already."

    def test_to_somebody_who_never_answered_is_ignored(self, lead, queued):
        stranger = Lead(map_id=99, person_id=98)

        assert tell(self.sent(stranger)).state == "ignored"
        assert queued == []


class TestCategory:
    def test_is_shown_at_once_and_made_if_it_is_new(self, lead):
        event = tell(category_event(lead, 4497, "Nurture"))

        lead.refresh_from_db()
        assert str(lead.category) == "Nurture"
        assert event.outcome == "The category is shown."

    def test_that_closes_ends_what_is_owed(self, lead):
        closing = make_category("Not interested", is_closing=True)
        Lead.objects.update(answer_owed=True)

        tell(category_event(lead, closing.pk))

        lead.refresh_from_db()
        assert not lead.answer_owed

    def test_older_than_the_last_read_only_asks_for_another(self, lead):
        make_category(id=8)

        event = tell(category_event(lead, 8, at=MONDAY - timedelta(minutes=1)))

        lead.refresh_from_db()
        assert (lead.category, lead.recheck_at) == (None, NOW)
        assert "read again" in event.outcome

    def test_the_later_of_two_wins_in_any_order(self, lead):
        first = category_event(lead, 4, "Early", at=LATER)
        second = category_event(lead, 5, "Late", at=LATER + timedelta(seconds=9))

        for payload in (second, first):
            tell(payload)

        lead.refresh_from_db()
        assert str(lead.category) == "Late"

    def test_taken_away_is_left_to_the_read(self, lead):
        lead.category = make_category()
        lead.save()

        event = tell(category_event(lead, None))

        lead.refresh_from_db()
        assert (lead.category is not None, event.state) == (True, "done")

    def test_keeps_the_name_that_is_known(self, lead):
        make_category("Ours", id=4)

        tell(category_event(lead, 4, "Theirs"))

        assert Category.objects.get(pk=4).name == "Ours"


class TestFinding:
    @pytest.mark.parametrize(
        "missing",
        [
            ("sl_email_lead_map_id",),
            ("sl_email_lead_map_id", "sl_email_lead_id"),
            ("sl_email_lead_map_id", "sl_email_lead_id", "campaign_id"),
        ],
    )
    def test_a_lead_is_found_by_what_there_is(self, lead, missing):
        payload = {k: v for k, v in reply_event(lead).items() if k not in missing}

        assert tell(payload).map_id == lead.pk

    def test_a_person_of_two_campaigns_is_not_guessed(self, lead):
        make_lead(person_id=lead.person_id, email=lead.email)
        bare = {"event_type": "EMAIL_REPLIED", "lead": {"email": lead.email}}

        assert tell(bare).state == "unmatched"

    def test_two_of_one_address_are_not_guessed(self, lead):
        make_lead(email=lead.email, campaign=lead.campaign)
        payload = reply_event(lead, sl_email_lead_map_id=None, sl_email_lead_id=None)

        assert tell(payload).state == "unmatched"

    def test_the_short_body_has_the_inbox_looked_through(
        self, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            tell({"event": "EMAIL_REPLIED", "lead": {"email": "a@b.example"}})

        assert queued == [("assignments.tasks.sync",)]

    def test_an_unknown_lead_is_fetched_and_not_made_up(
        self, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            tell(reply_event(Lead(map_id=77, person_id=7)))

        assert queued == [("assignments.tasks.open_lead", 77)]
        assert not Lead.objects.exists()

    def test_a_flood_of_unknown_leads_costs_few_calls(
        self, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            for number in range(MOST_UNKNOWN + 5):
                tell(reply_event(Lead(map_id=1000 + number, person_id=7)))

        opened = [task for task in queued if "open_lead" in task[0]]
        assert len(opened) == MOST_UNKNOWN

    def test_other_things_about_a_lead_have_it_read(self, lead):
        tell(reply_event(lead, event_type="LEAD_UNSUBSCRIBED"))

        lead.refresh_from_db()
        assert (lead.recheck_at, lead.is_unread) == (NOW, False)


class TestTheAddressAlone:
    """Some events name nothing but the lead's address."""

    def unsubscribed(self, email: str, name: str = "LEAD_UNSUBSCRIBED") -> WebhookEvent:
        return tell({"event_type": name, "to_email": email})

    @pytest.mark.parametrize("name", ["LEAD_UNSUBSCRIBED", "EMAIL_UNSUBSCRIBED"])
    @pytest.mark.parametrize("change", [str.upper, str.title, lambda each: f" {each} "])
    def test_has_the_only_lead_read_that_has_it(self, lead, change, name):
        make_lead()

        event = self.unsubscribed(change(lead.email), name)

        lead.refresh_from_db()
        assert (event.state, event.map_id, lead.recheck_at) == ("done", lead.pk, NOW)

    def test_a_lead_that_is_gone_is_in_nobodys_way(self, lead):
        make_lead(email=lead.email, gone_at=MONDAY)

        assert self.unsubscribed(lead.email).map_id == lead.pk

    def test_several_leads_are_not_guessed_and_the_event_says_so(self, lead):
        other = make_lead(email=lead.email.upper())

        event = self.unsubscribed(lead.email)

        assert (event.state, event.map_id) == ("unmatched", None)
        assert event.outcome.startswith("It fits 2 leads")
        for each in (lead, other):
            each.refresh_from_db()
            assert each.recheck_at is None

    @pytest.mark.parametrize("part", ["ead-", "%", "_", "example.com"])
    def test_a_part_of_an_address_finds_nobody(self, lead, part):
        assert self.unsubscribed(part).state == "unmatched"

    def test_a_reply_is_not_placed_by_it(self, lead):
        bare = {"event_type": "EMAIL_REPLY", "lead_email": lead.email}

        assert tell(bare).state == "unmatched"


def test_a_lead_that_was_never_read_is_known_as_of_the_event(lead):
    Lead.objects.update(seen_at=NEVER, last_reply_at=None)

    tell(reply_event(lead))

    lead.refresh_from_db()
    assert (lead.seen_at, lead.last_reply_at) == (LATER, LATER)
