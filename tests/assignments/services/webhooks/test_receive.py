"""Kept once, tried again, forgotten in time."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from assignments.models import Lead, WebhookEvent
from assignments.services.account import rebind
from assignments.services.webhooks import receive as webhooks_receive
from assignments.services.webhooks.receive import MOST_ATTEMPTS, receive, tick
from tests.factories import make_account, make_campaign, make_lead
from tests.webhook_events import (
    LATER,
    SECRET,
    category_event,
    encoded_body,
    reply_event,
)

NOW = LATER + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


@pytest.fixture
def lead(db) -> Lead:
    return make_lead(campaign=make_campaign())


@pytest.fixture
def broken(monkeypatch) -> pytest.MonkeyPatch:
    """Taking in fails; `undo` mends it."""
    monkeypatch.setattr(webhooks_receive, "apply_event", None)
    return monkeypatch


def tell(payload, *, at=NOW) -> None:
    receive(body=encoded_body(payload), signature=None, at=at)


class TestOnce:
    def test_the_same_again_is_kept_once(self, lead):
        for webhook in (1, 2):
            tell(reply_event(lead) | {"webhook_id": webhook})

        assert WebhookEvent.objects.count() == 1

    def test_two_replies_to_one_mail_are_two(self, lead):
        for minutes in (1, 2):
            at = LATER + timedelta(minutes=minutes)
            part = {"html": f"Reply {minutes}", "time": at.isoformat()}
            tell(reply_event(lead, reply_message=part, message_id="<ours@x>"))

        assert WebhookEvent.objects.count() == 2

    def test_an_event_id_that_two_leads_share_does_not_hide_one(self, lead):
        for one in (lead, make_lead()):
            tell(reply_event(one, event_id="1"))

        assert WebhookEvent.objects.count() == 2

    def test_an_event_id_tells_it_apart(self, lead):
        tell(category_event(lead, 4))
        tell(category_event(lead, 4) | {"history": []})

        assert WebhookEvent.objects.count() == 1

    def test_without_any_mark_the_body_tells_it_apart(self, db):
        for number in (1, 1, 2):
            tell({"event_type": "CAMPAIGN_STATUS_CHANGED", "campaign_id": number})

        assert WebhookEvent.objects.count() == 2

    def test_one_category_after_the_other_about_one_mail_are_two(self, lead):
        for category in (4, 5):
            tell(
                category_event(lead, category)
                | {"event_id": None, "message_id": "<1@x>"}
            )

        lead.refresh_from_db()
        assert lead.category_id == 5


class TestWhatIsKept:
    def test_no_mail_is_left_once_it_is_taken_in(self, lead):
        tell(reply_event(lead))

        assert WebhookEvent.objects.get().content == {}

    def test_no_secret_address_or_history_while_it_waits(self, lead, broken):
        tell(category_event(lead, 4) | {"webhook_url": "https://x/webhooks/key/"})

        kept = str(WebhookEvent.objects.get().content)
        assert "4" in kept
        assert not [word for word in (SECRET, "xxxx", "/webhooks/") if word in kept]

    def test_a_mail_of_a_megabyte_is_cut(self, lead, broken):
        long = {"message_id": "<1@x>", "html": "x" * 1_500_000}

        tell(reply_event(lead, reply_message=long))

        kept = WebhookEvent.objects.get().content["reply_message"]["html"]
        assert len(kept) == 500_000


class TestFaults:
    def test_a_fault_stands_with_the_event_in_a_sentence(self, lead, broken):
        tell(reply_event(lead))

        event = WebhookEvent.objects.get()
        assert event.state == "failed"
        assert "TypeError" in event.outcome

    def test_the_tick_tries_again_when_it_is_time(self, lead, broken):
        tell(reply_event(lead))
        broken.undo()

        tick(at=NOW + timedelta(seconds=30))
        assert WebhookEvent.objects.get().state == "failed"
        tick(at=NOW + timedelta(minutes=3))

        lead.refresh_from_db()
        assert (WebhookEvent.objects.get().state, lead.is_unread) == ("done", True)

    def test_who_dies_after_keeping_it_loses_nothing(self, lead, monkeypatch):
        with monkeypatch.context() as dying:
            dying.setattr(webhooks_receive, "apply_stored", lambda **_: None)
            tell(reply_event(lead))

        tick(at=NOW + timedelta(minutes=2))

        lead.refresh_from_db()
        assert lead.is_unread

    def test_it_waits_while_the_database_belongs_to_another_account(self, lead):
        make_account(fingerprint="f" * 64, base_url="https://other.example")
        tell(reply_event(lead))

        tick(at=NOW + timedelta(minutes=2))
        lead.refresh_from_db()
        assert (WebhookEvent.objects.get().state, lead.is_unread) == ("waiting", False)
        rebind(NOW)
        tick(at=NOW + timedelta(minutes=3))

        lead.refresh_from_db()
        assert lead.is_unread

    def test_it_is_given_up_in_the_end_and_says_so(self, lead, broken):
        tell(reply_event(lead))
        for hours in range(1, MOST_ATTEMPTS):
            tick(at=NOW + timedelta(hours=hours))

        event = WebhookEvent.objects.get()
        assert (event.retry_at, event.content) == (None, {})
        assert f"{MOST_ATTEMPTS} times" in event.outcome

    def test_one_fault_holds_up_no_other(self, lead, broken):
        for number in range(3):
            tell(reply_event(lead, at=LATER + timedelta(seconds=number)))
        broken.undo()
        WebhookEvent.objects.filter(pk=WebhookEvent.objects.first().pk).update(
            content={"event_type": "EMAIL_REPLY", "reply_message": "no part"}
        )

        tick(at=NOW + timedelta(minutes=3))

        assert not WebhookEvent.objects.filter(retry_at__isnull=False).exists()


class TestForgetting:
    def test_old_ones_go_after_thirty_days(self, lead):
        tell(reply_event(lead))

        tick(at=NOW + timedelta(days=29))
        assert WebhookEvent.objects.count() == 1
        tick(at=NOW + timedelta(days=31))
        assert not WebhookEvent.objects.exists()

    def test_those_without_use_go_after_two(self, db):
        tell({"event_type": "EMAIL_OPEN"})

        tick(at=NOW + timedelta(days=3))

        assert not WebhookEvent.objects.exists()

    def test_a_tick_forgets_a_bounded_number(self, db, monkeypatch):
        monkeypatch.setattr(webhooks_receive, "MOST_FORGOTTEN", 2)
        for number in range(3):
            tell({"event_type": "EMAIL_OPEN", "event_id": f"{number}"})

        tick(at=NOW + timedelta(days=31))

        assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="an SQLite database in memory is one thread's",
)
def test_two_deliveries_at_once_are_one_event():
    lead = make_lead(campaign=make_campaign())
    ready = threading.Barrier(4)

    def deliver() -> None:
        try:
            ready.wait()
            tell(reply_event(lead))
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lead.refresh_from_db()
    assert (WebhookEvent.objects.get().state, lead.is_unread) == ("done", True)
    assert lead.messages.count() == 1
