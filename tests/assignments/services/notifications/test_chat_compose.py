"""What is told in chat, to whom and when: the same hours and digests as by e-mail."""

from datetime import time, timedelta

import pytest

from assignments.models import ChatChannel, Mail
from assignments.models.notification import InChat, NotificationKind
from assignments.services.notifications import chat_compose
from assignments.services.notifications.notify import notify, notify_team
from assignments.services.notifications.preferences import (
    DEFAULTS,
    KindPreference,
    save_preferences,
)
from tests.chat_messages import MINUTE, add_channel, add_team_channel, send_due_chats
from tests.factories import (
    MONDAY,
    make_manager,
    make_notification,
    make_team,
)

pytestmark = pytest.mark.django_db
ATTENTION = NotificationKind.ATTENTION


def wish(user, in_chat=InChat.AT_ONCE, **times):
    values = {"digest_at": time(8), "quiet_from": None, "quiet_to": None} | times
    choices = dict.fromkeys(NotificationKind, KindPreference(in_chat=in_chat))
    save_preferences(user=user, choices=choices, **values)


def tell(user, number=1, **fields):
    values = {
        "kind": NotificationKind.ASSIGNED,
        "key": f"{number}",
        "subject": f"Message {number}",
        "text": "",
        "path": "/inbox/",
    }
    return notify(user, at=MONDAY, **(values | fields))


def tell_team(team, number=1):
    return notify_team(
        team.pk,
        kind=ATTENTION,
        key=f"{number}",
        subject=f"The coverage of Ana {number} needs attention",
        path=f"/coverage/{number}/",
        at=MONDAY,
    )


@pytest.fixture
def uma(chat):
    """A sales manager, whose channel may be on the server of this machine."""
    user = make_manager()
    add_channel(chat, user)
    return user


@pytest.fixture
def sara(db):
    return make_manager()


class TestWhen:
    def test_what_waited_together_goes_in_one_message(self, chat, uma):
        first, second = tell(uma, 1), tell(uma, 2)

        send_due_chats()

        link = "http://localhost:8000/notifications/{}/"
        assert chat.texts == [
            "2 messages from Handoff\n\n"
            f"Message 1\n{link.format(first.pk)}\n\n"
            f"Message 2\n{link.format(second.pk)}"
        ]

    def test_it_waits_for_the_end_of_quiet_hours(self, chat, uma):
        wish(uma, quiet_from=time(8), quiet_to=time(10))
        tell(uma)

        assert send_due_chats() == 0
        assert send_due_chats(MONDAY + timedelta(hours=1)) == 1

    def test_the_digest_comes_at_its_time(self, chat, uma):
        wish(uma, InChat.DIGEST, digest_at=time(17))
        tell(uma, 1)
        tell(uma, 2)

        assert send_due_chats() == 0
        assert send_due_chats(MONDAY + timedelta(hours=8)) == 1

    def test_what_is_not_wanted_is_not_sent(self, chat, uma):
        wish(uma, InChat.NO)
        tell(uma)

        assert send_due_chats() == 0
        wish(uma)
        assert send_due_chats(MONDAY + MINUTE) == 0

    def test_who_has_no_channel_is_told_nothing_of_before(self, chat):
        ben = make_manager("Ben")
        tell(ben)
        add_channel(chat, ben)

        assert send_due_chats() == 0

    def test_overdue_answers_come_in_the_digest_by_default(self):
        assert DEFAULTS[NotificationKind.OVERDUE].in_chat == InChat.DIGEST

    def test_a_broken_channel_drops_what_waits(self, chat, uma):
        tell(uma)
        ChatChannel.objects.update(broken_at=MONDAY, failing_since=MONDAY)

        assert send_due_chats() == 0
        ChatChannel.objects.update(broken_at=None)
        assert send_due_chats() == 0


class TestTeams:
    def test_the_team_is_told_with_a_link_to_the_page(self, chat, sara):
        team = make_team()
        add_team_channel(chat, sara, team, ATTENTION)

        assert tell_team(team, 7) == 1
        assert tell_team(team, 7) == 0  # once
        send_due_chats()

        assert chat.texts == [
            "The coverage of Ana 7 needs attention\nhttp://localhost:8000/coverage/7/"
        ]

    def test_only_kinds_that_were_chosen(self, chat, sara):
        team = make_team()
        add_team_channel(chat, sara, team, NotificationKind.OVERDUE)

        assert tell_team(team) == 0

    def test_other_teams_are_not_told(self, chat, sara):
        add_team_channel(chat, sara, make_team(), ATTENTION)

        assert tell_team(make_team()) == 0

    def test_once_a_day_if_that_was_chosen(self, chat, sara):
        team = make_team()
        add_team_channel(chat, sara, team, ATTENTION, when="digest")
        tell_team(team, 1)
        tell_team(team, 2)

        assert send_due_chats() == 0
        assert send_due_chats(MONDAY + timedelta(days=1)) == 1

    def test_nothing_at_night(self, chat, sara):
        team = make_team()
        add_team_channel(chat, sara, team, ATTENTION)
        tell_team(team)

        assert send_due_chats(MONDAY + timedelta(hours=14)) == 0
        assert send_due_chats(MONDAY + timedelta(hours=23)) == 1

    def test_removing_the_team_removes_its_channels(self, chat, sara):
        team = make_team()
        add_team_channel(chat, sara, team, ATTENTION)
        tell_team(team)
        chat_compose.compose_due_chats(at=MONDAY)

        team.delete()

        assert not Mail.objects.exists()


class TestWords:
    @pytest.mark.parametrize(
        "name",
        ["@channel", "<!here>", "<@U123>", "@everyone", "x@here", "<at>all</at>"],
    )
    def test_names_call_nobody(self, chat, uma, name):
        tell(uma, subject=f"{name} gave you a lead")

        send_due_chats()

        said = chat.texts[0].splitlines()[0]
        assert name not in said
        assert not set("<>@") & set(said)

    def test_names_make_no_links_or_layout(self, chat, uma):
        tell(uma, subject="[pay](https://evil.example) *b* `c` ~d~ #e |f|")

        send_due_chats()

        said = chat.texts[0].splitlines()[0]
        assert "://" not in said
        assert not set("[]*`~#|") & set(said)

    def test_mail_addresses_stay_as_they_are(self, chat, uma):
        tell(uma, subject="Your lead mia@example.com")

        send_due_chats()

        assert "mia@example.com" in chat.texts[0]

    def test_long_texts_end_with_an_ellipsis_and_keep_the_link(self, chat, uma):
        told = tell(uma, text="word " * 2000)

        send_due_chats()

        text = chat.texts[0]
        assert len(text) < 700
        assert "word…" in text
        assert text.endswith(f"/notifications/{told.pk}/")

    @pytest.mark.parametrize("most", [950, 1900, 3500])
    def test_many_messages_fit_and_the_rest_is_counted(self, most, uma):
        rows = [
            make_notification(uma, f"Message {number} {'x' * 150}", text="y" * 900)
            for number in range(40)
        ]

        text = chat_compose.message_text(rows, most=most)

        assert len(text) <= most
        shown = text.count("/notifications/") - 1
        rest = f"… and {40 - shown} more: http://localhost:8000/notifications/"
        assert text.endswith(rest)
