"""Chat channels on pages: added, tried, removed, and never shown in full."""

import socket
import subprocess
import sys
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import (
    assertContains,
    assertNotContains,
    assertRedirects,
)

from assignments.chat import addresses
from assignments.chat.addresses import CANNOT_SEND, NEEDS_TLS
from assignments.models import ChatChannel, Mail
from assignments.models.notification import InChat, NotificationKind
from assignments.services.notifications import chat_channels
from assignments.services.notifications.preferences import preference_for_kind
from tests.chat_server import TOKEN
from tests.dashboard.notifications.test_preferences import form
from tests.factories import (
    MONDAY,
    make_channel,
    make_team,
    make_team_channel,
    make_user,
)

PAGE = "/notifications/settings/"
ADD = "/notifications/channels/"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def team_lead(stranger):
    make_team(leads=(stranger,))
    return stranger


def team_page(user):
    return reverse("team_channels", args=[user.leads_teams.get().pk])


class TestOwnChannels:
    def test_an_address_is_added_and_tried(self, client, manager, queued):
        answer = client.post(ADD, {"address": SLACK, "name": "#mine"})

        assertRedirects(answer, PAGE)
        channel = ChatChannel.objects.get()
        assert (channel.user, channel.service) == (manager, "slack")
        assert Mail.objects.get().is_test
        assertContains(client.get(PAGE), "A test message is on its way")

    @pytest.mark.parametrize(
        "address",
        [
            "nonsense",
            "json://localhost/x",
            "https://example.com/",
            "file:///etc/passwd",
        ],
    )
    def test_what_is_no_address_is_said(self, client, manager, address):
        page = client.post(ADD, {"address": address})

        assertContains(
            page, "This is no address that Handoff can send to", status_code=422
        )
        assertNotContains(page, address, status_code=422)
        assert not ChatChannel.objects.exists()

    def test_an_empty_form_is_answered_in_words(self, client, manager):
        page = client.post(ADD, {})

        assertContains(page, "Paste the address", status_code=422)

    @pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
    def test_a_private_host_is_refused_as_one_that_is_not_there(
        self, client, manager, host
    ):
        page = client.post(ADD, {"address": f"https://{host}/hooks/{TOKEN}"})

        assertContains(page, CANNOT_SEND, status_code=422)
        assertNotContains(page, TOKEN, status_code=422)

    def test_private_hosts_are_for_sales_managers_where_they_are_allowed(
        self, client, stranger, settings
    ):
        settings.OUTGOING_PRIVATE = True

        page = client.post(ADD, {"address": f"https://127.0.0.1/hooks/{TOKEN}"})

        assertContains(page, CANNOT_SEND, status_code=422)
        assert not ChatChannel.objects.exists()

    def test_without_tls_they_are_for_sales_managers_too(self, client, stranger, chat):
        page = client.post(ADD, {"address": chat.address})

        assertContains(page, NEEDS_TLS, status_code=422)

    def test_a_look_up_that_hangs_is_left(self, client, manager, monkeypatch):
        let_go = threading.Event()
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_, **__: let_go.wait(5) and []
        )
        monkeypatch.setattr(addresses, "LOOK_UP_SECONDS", 0.05)

        page = client.post(ADD, {"address": f"https://a.example.com/hooks/{TOKEN}"})

        let_go.set()
        assertContains(page, CANNOT_SEND, status_code=422)

    def test_no_page_has_the_address(self, client, manager, chat):
        client.post(ADD, {"address": chat.address, "name": "#mine"})
        ChatChannel.objects.update(failing_since=MONDAY, trouble="It sleeps.")

        for path in (PAGE, "/system/"):
            page = client.get(path)
            assertContains(page, "It sleeps.")
            assertNotContains(page, TOKEN)
        assertContains(client.get(PAGE), "Mattermost on 127.0.0.1, address ends with")

    def test_the_state_is_told_in_words(self, client, manager):
        make_channel(manager)
        make_channel(manager, arrived_at=MONDAY)
        make_channel(
            manager, failing_since=MONDAY, broken_at=MONDAY, trouble="It is gone."
        )

        page = client.get(PAGE)

        assertContains(page, "No message has arrived yet.")
        assertContains(page, "Works: a message arrived")
        assertContains(page, "nothing is sent there. It is gone.")

    def test_there_is_a_limit(self, client, manager):
        for _ in range(chat_channels.MOST):
            make_channel(manager)

        page = client.post(ADD, {"address": SLACK})

        assertContains(page, "There are 10 channels already.", status_code=422)

    @pytest.mark.parametrize("act", ["test", "remove"])
    def test_that_of_another_is_out_of_reach(self, client, manager, act):
        channel = make_channel(make_user())

        answer = client.post(f"{ADD}{channel.pk}/{act}/")

        assert answer.status_code == 403
        assert ChatChannel.objects.exists()
        assert not Mail.objects.exists()

    def test_ones_own_is_removed(self, client, manager):
        channel = make_channel(manager)

        assertRedirects(client.post(f"{ADD}{channel.pk}/remove/"), PAGE)

        assert not ChatChannel.objects.exists()

    def test_its_name_is_shown_as_it_is_written(self, client, manager):
        make_channel(manager, name="<b>#mine</b>")

        assertContains(client.get(PAGE), "&lt;b&gt;#mine&lt;/b&gt;")


class TestChoices:
    def test_the_way_is_offered_with_a_channel_only(self, client, manager):
        assertNotContains(client.get(PAGE), "In chat")
        make_channel(manager)
        assertContains(client.get(PAGE), "In chat")

    def test_what_was_chosen_is_kept(self, client, manager):
        make_channel(manager)
        chats = {f"in_chat_{kind}": "no" for kind in NotificationKind}

        client.post(PAGE, form(**chats))

        kind = NotificationKind.ASSIGNED
        assert preference_for_kind(manager, kind).in_chat == InChat.NO

    def test_saving_without_a_channel_changes_nothing_of_it(self, client, manager):
        client.post(PAGE, form())

        kind = NotificationKind.OVERDUE
        assert preference_for_kind(manager, kind).in_chat == InChat.DIGEST


class TestTeamChannels:
    def test_a_team_lead_adds_one(self, client, team_lead):
        page = team_page(team_lead)

        answer = client.post(
            page, {"address": SLACK, "kinds": ["overdue"], "when": "digest"}
        )

        assertRedirects(answer, page)
        channel = ChatChannel.objects.get()
        assert (channel.kinds, channel.when) == (["overdue"], "digest")
        assertContains(client.get(PAGE), page)

    def test_choices_are_changed(self, client, team_lead):
        channel = make_team_channel(team_lead.leads_teams.get(), kinds=["overdue"])

        client.post(f"{ADD}{channel.pk}/", {"kinds": ["attention"], "when": "at_once"})

        channel.refresh_from_db()
        assert channel.kinds == ["attention"]

    def test_that_of_a_team_lead_is_never_private(self, client, team_lead, chat):
        private = f"https://127.0.0.1/hooks/{TOKEN}"

        page = client.post(
            team_page(team_lead), {"address": private, "when": "at_once"}
        )

        assertContains(page, CANNOT_SEND, status_code=422)

    def test_others_do_not_see_them(self, client, stranger):
        team = make_team()

        assert client.get(reverse("team_channels", args=[team.pk])).status_code == 403

    def test_many_take_no_more_queries_than_one(self, client, team_lead):
        team, page = team_lead.leads_teams.get(), team_page(team_lead)
        make_team_channel(team)
        with CaptureQueriesContext(connection) as one:
            client.get(page)
        for _ in range(50):
            make_team_channel(team)

        with CaptureQueriesContext(connection) as many:
            client.get(page)

        assert len(many) == len(one)


class TestSystemPage:
    def test_channels_that_fail_are_listed(self, client, manager):
        make_channel(make_user("Uma User"), failing_since=MONDAY, trouble="It is gone.")

        page = client.get("/system/")

        assertContains(page, "Chat channels that fail")
        assertContains(page, "Uma User")
        assertContains(page, "It is gone.")

    def test_the_banner_tells_managers_of_those_of_teams(self, client, manager):
        make_team_channel(make_team(), failing_since=MONDAY, trouble="It is gone.")

        assertContains(client.get("/today/"), "1 team channel does not take")


def test_pages_are_served_without_apprise():
    script = (
        "import django; django.setup(); import dashboard.urls, assignments.tasks, sys;"
        "print([name for name in sys.modules if name.split('.')[0] == 'apprise'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
