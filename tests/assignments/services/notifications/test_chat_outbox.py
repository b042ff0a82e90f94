"""Messages on their way to chat channels: once, with the right link, and nobody waits."""

import logging
import socket
from datetime import timedelta

import pytest

from assignments.chat import guarded_http
from assignments.chat.addresses import CANNOT_SEND
from assignments.chat.encryption import encrypt
from assignments.chat.guarded_http import TLS_ONLY
from assignments.models import ChatChannel, Mail
from assignments.models.notification import NotificationKind
from assignments.services.notifications import (
    chat_channels,
    chat_compose,
    chat_outbox,
)
from assignments.services.notifications.notify import notify
from assignments.services.notifications.outbox import claim_first, mail_health
from tests.chat_messages import (
    MINUTE,
    add_channel,
    send_due_chats,
)
from tests.chat_server import TOKEN
from tests.factories import (
    MONDAY,
    make_channel,
    make_manager,
)

pytestmark = pytest.mark.django_db


def tell(user, subject="3 leads are yours", key="1", **fields):
    values = {"kind": NotificationKind.ASSIGNED, "text": "", "path": "/inbox/"}
    return notify(user, key=key, subject=subject, at=MONDAY, **(values | fields))


@pytest.fixture
def uma(chat):
    """A sales manager, whose channel may be on the server of this machine."""
    return make_manager("Uma User")


@pytest.fixture
def channel(chat, uma):
    return add_channel(chat, uma)


class TestDelivery:
    def test_a_message_arrives_once_with_a_link_to_its_page(self, chat, uma, channel):
        told = tell(uma, text="Mia Berg\nLeo Roth")

        send_due_chats()
        send_due_chats(MONDAY + MINUTE)

        assert chat.texts == [
            "3 leads are yours\nMia Berg\nLeo Roth\n"
            f"http://localhost:8000/notifications/{told.pk}/"
        ]
        channel.refresh_from_db()
        assert channel.arrived_at == MONDAY

    def test_the_log_has_a_line_for_each_attempt(self, chat, uma, channel, caplog):
        caplog.set_level(logging.INFO)
        tell(uma)
        chat.status = 500
        send_due_chats()
        chat.status = 200
        send_due_chats(MONDAY + timedelta(hours=1))

        lines = [r for r in caplog.records if r.name == chat_outbox.__name__]
        assert [line.outcome for line in lines] == ["failed", "taken"]
        assert lines[0].getMessage().startswith(f"Chat channel {channel.pk}: failed in")
        assert TOKEN not in caplog.text
        assert "leads are yours" not in caplog.text

    def test_every_channel_of_a_person_gets_it(self, chat, uma, channel):
        add_channel(chat, uma, token="t" * 20)
        tell(uma)

        send_due_chats()

        assert {path for path, _ in chat.received} == {
            f"/hooks/{TOKEN}",
            f"/hooks/{'t' * 20}",
        }

    def test_it_needs_no_mail_server(self, chat, uma, channel):
        told = tell(uma)

        assert not told.mail_waits
        assert send_due_chats() == 1

    def test_a_claimed_message_is_not_sent_by_another_worker(self, chat, uma, channel):
        tell(uma)
        chat_compose.compose_due_chats(at=MONDAY)
        claim_first(Mail.objects.all(), ("pk",), at=MONDAY)

        assert send_due_chats(MONDAY + MINUTE) == 0
        assert chat.received == []

    def test_a_message_whose_worker_was_killed_is_sent_when_its_lease_ends(
        self, chat, uma, channel
    ):
        tell(uma)
        chat_compose.compose_due_chats(at=MONDAY)
        claim_first(Mail.objects.all(), ("pk",), at=MONDAY)

        assert send_due_chats(MONDAY + 2 * MINUTE) == 1

    def test_it_is_no_mail(self, chat, uma, channel, postbox):
        tell(uma)
        chat_compose.compose_due_chats(at=MONDAY)

        assert mail_health().waiting == 0

    def test_somebody_deactivated_since_is_sent_nothing(self, chat, uma, channel):
        tell(uma)
        chat_compose.compose_due_chats(at=MONDAY)
        uma.is_active = False
        uma.save()

        send_due_chats()

        assert chat.received == []

    def test_removing_a_channel_removes_what_waits_for_it(self, chat, uma, channel):
        tell(uma)
        chat_compose.compose_due_chats(at=MONDAY)

        assert chat_channels.delete_channels(uma) == 1

        assert not Mail.objects.exists()
        assert send_due_chats() == 0


class TestTrouble:
    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_an_address_that_is_gone_breaks_the_channel(
        self, chat, uma, channel, status
    ):
        chat.status = status
        tell(uma)

        send_due_chats()
        tell(uma, key="2")
        send_due_chats(MONDAY + timedelta(days=1))

        assert len(chat.received) == 1
        channel.refresh_from_db()
        assert channel.broken_at == MONDAY
        assert channel.trouble == (
            f"Mattermost knows no such address any more ({status}). Add the channel "
            "anew."
        )
        assert list(chat_outbox.chat_health().failing) == [channel]

    def test_a_pause_that_the_service_asks_for_is_kept(self, chat, uma, channel):
        chat.status, chat.headers = 429, {"Retry-After": "120"}
        tell(uma)

        send_due_chats()
        chat.status = 200
        send_due_chats(MONDAY + MINUTE)
        assert len(chat.received) == 1
        send_due_chats(MONDAY + 2 * MINUTE)

        assert len(chat.received) == 2
        assert not chat_outbox.failing_channels().exists()

    def test_trouble_of_the_service_is_said_and_tried_again(self, chat, uma, channel):
        chat.status = 503
        tell(uma)
        send_due_chats()
        channel.refresh_from_db()
        assert channel.trouble == "Mattermost has trouble (503)."

        chat.status = 200
        assert send_due_chats(MONDAY + MINUTE) == 1

        channel.refresh_from_db()
        assert (channel.trouble, channel.failing_since) == ("", None)

    def test_a_channel_waits_longer_with_each_failure(self, chat, uma, channel):
        chat.status = 500
        tell(uma)
        for minute in range(8):
            send_due_chats(MONDAY + minute * MINUTE)

        assert len(chat.received) == 3  # at once, after 1 and after 5 more minutes

    def test_no_answer_in_time_is_said(self, chat, uma, channel, monkeypatch):
        monkeypatch.setattr(guarded_http, "DEADLINE", 0.2)
        chat.hangs = True
        tell(uma)

        send_due_chats()

        channel.refresh_from_db()
        assert channel.trouble == "Mattermost did not answer within 10 seconds."

    def test_an_answer_that_drips_is_cut(self, chat, uma, channel, monkeypatch):
        monkeypatch.setattr(guarded_http, "DEADLINE", 0.2)
        chat.drips = True
        tell(uma)

        send_due_chats()

        channel.refresh_from_db()
        assert "did not answer" in channel.trouble

    def test_a_redirect_is_not_followed(self, chat, uma, channel):
        chat.status = 307
        chat.headers = {"Location": f"http://127.0.0.1:{chat.port}/elsewhere"}
        tell(uma)

        send_due_chats()

        assert [path for path, _ in chat.received] == [f"/hooks/{TOKEN}"]
        channel.refresh_from_db()
        assert "which Handoff does not follow" in channel.trouble

    def test_a_message_that_is_not_taken_is_given_up(self, chat, uma, channel):
        chat.status = 400
        tell(uma)

        send_due_chats()

        assert Mail.objects.get().state == Mail.State.REFUSED
        channel.refresh_from_db()
        assert channel.trouble == "Mattermost does not take this message (400)."

    def test_it_is_given_up_after_three_days(self, chat, uma, channel):
        chat.status = 500
        tell(uma)
        send_due_chats()
        send_due_chats(MONDAY + timedelta(days=3))

        assert Mail.objects.get().state == Mail.State.REFUSED

    def test_a_private_address_is_not_called_once_they_are_forbidden(
        self, chat, uma, settings
    ):
        channel = add_channel(chat, uma)
        ChatChannel.objects.filter(pk=channel.pk).update(
            secret=encrypt(f"mmosts://127.0.0.1:{chat.port}/{TOKEN}")
        )
        settings.OUTGOING_PRIVATE = False
        tell(uma)

        send_due_chats()

        assert chat.received == []
        channel.refresh_from_db()
        assert channel.trouble == CANNOT_SEND

    def test_a_private_address_is_not_called_for_who_is_no_sales_manager_any_more(
        self, chat, uma, channel
    ):
        secret = encrypt(f"mmosts://127.0.0.1:{chat.port}/{TOKEN}")
        tls = make_channel(uma, service="mattermost", secret=secret)
        uma.is_sales_manager = False
        uma.save()
        tell(uma)

        send_due_chats()

        assert chat.received == []
        for refused, trouble in ((channel, TLS_ONLY), (tls, CANNOT_SEND)):
            refused.refresh_from_db()
            assert refused.trouble == trouble

    def test_a_look_up_that_hangs_is_left(self, chat, uma, channel, monkeypatch):
        monkeypatch.setattr(guarded_http, "DEADLINE", 0.2)
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_, **__: chat.let_go.wait(5) and []
        )
        tell(uma)

        send_due_chats()

        channel.refresh_from_db()
        assert channel.trouble == CANNOT_SEND

    def test_an_address_without_tls_is_not_called_once_they_are_forbidden(
        self, chat, uma, channel, settings
    ):
        settings.OUTGOING_PRIVATE = False
        tell(uma)

        send_due_chats()

        assert chat.received == []
        channel.refresh_from_db()
        assert "not encrypted" in channel.trouble

    def test_another_secret_key_breaks_the_channel_and_says_why(
        self, chat, uma, channel, settings
    ):
        settings.SECRET_KEY = "another-" + "y" * 50
        tell(uma)

        send_due_chats()

        channel.refresh_from_db()
        assert channel.trouble == chat_outbox.OTHER_KEY

    def test_the_key_before_may_still_be_read(self, chat, uma, channel, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-" + "y" * 50
        tell(uma)

        assert send_due_chats() == 1
        assert len(chat.received) == 1


class TestOthersGoOn:
    def test_a_channel_that_fails_comes_after_those_that_work(self, chat, uma):
        bad = add_channel(chat, uma, token="b" * 20)
        ChatChannel.objects.filter(pk=bad.pk).update(
            failures=3, failing_since=MONDAY, used_at=None
        )
        add_channel(chat, uma, token="g" * 20)
        tell(uma)

        send_due_chats()

        paths = [path for path, _ in chat.received]
        assert paths == [f"/hooks/{'g' * 20}", f"/hooks/{'b' * 20}"]

    def test_one_channel_that_is_gone_leaves_the_other(self, chat, uma):
        chat.statuses = {"b" * 20: 404}
        bad = add_channel(chat, uma, token="b" * 20)
        good = add_channel(chat, uma, token="g" * 20)
        tell(uma)

        send_due_chats()

        bad.refresh_from_db()
        good.refresh_from_db()
        assert bad.broken_at
        assert good.arrived_at == MONDAY

    def test_channels_take_turns(self, chat, uma):
        ben = make_manager("Ben")
        add_channel(chat, uma, token="u" * 20)
        add_channel(chat, ben, token="b" * 20)
        for number in range(2):
            tell(uma, key=f"{number}")
            chat_compose.compose_due_chats(at=MONDAY)
        tell(ben)
        send_due_chats()

        assert [path[-1] for path, _ in chat.received] == ["u", "b", "u"]


class TestTestMessage:
    def test_a_test_message_mends_a_broken_channel(self, chat, uma, channel):
        chat.status = 404
        tell(uma)
        send_due_chats()
        chat.status = 200

        chat_channels.test_channel(actor=uma, channel=channel, at=MONDAY)
        send_due_chats()

        assert chat.texts[-1].splitlines() == [
            chat_channels.TEST_TEXT,
            "http://localhost:8000/notifications/settings/",
        ]
        channel.refresh_from_db()
        assert (channel.broken_at, channel.trouble) == (None, "")

    def test_it_is_tried_once(self, chat, uma, channel):
        chat.status = 500
        chat_channels.test_channel(actor=uma, channel=channel, at=MONDAY)

        send_due_chats()
        send_due_chats(MONDAY + timedelta(days=1))

        assert len(chat.received) == 1
        channel.refresh_from_db()
        assert channel.trouble

    def test_asking_twice_sends_one(self, chat, uma, channel):
        for _ in range(2):
            chat_channels.test_channel(actor=uma, channel=channel, at=MONDAY)

        assert send_due_chats() == 1
