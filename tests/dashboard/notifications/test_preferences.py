"""What somebody wants to be told, how, and when."""

from datetime import time

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models.notification import ByMail, NotificationKind
from assignments.services.notifications.preferences import (
    preference_for_kind,
    preferences_of,
)
from tests.factories import make_member, make_user

PAGE = "/notifications/settings/"


def form(**said: str) -> dict[str, str]:
    """As a browser sends it: nothing in the app, all at once by e-mail."""
    mails = {f"by_mail_{kind}": "at_once" for kind in NotificationKind}
    times = {"digest_at": "08:00", "quiet_from": "20:00", "quiet_to": "07:00"}
    return mails | times | said


class TestPage:
    def test_shows_what_holds_if_nothing_was_chosen(self, client, manager):
        page = client.get(PAGE)

        assertContains(page, 'value="20:00"')
        assertContains(page, "In your zone, UTC")
        assert page.content.count(b"checked") == len(NotificationKind)

    def test_names_both_ways_where_there_is_no_head_of_the_table(self, client, manager):
        page = client.get(PAGE)

        for way in ("In the app", "By e-mail"):
            words = f'<span class="only-phone">{way}</span>'
            assertContains(page, words, count=len(NotificationKind))

    def test_says_that_no_mail_is_sent_without_a_server(self, client, manager):
        assertContains(client.get(PAGE), "this Handoff has no mail server")

    def test_says_where_mails_go(self, client, postbox):
        user = make_user(email="uma@example.com")
        client.force_login(user)

        assertContains(client.get(PAGE), "Mails go to uma@example.com")

    def test_says_who_adds_an_address(self, client, manager, postbox):
        assertContains(client.get(PAGE), "You have no e-mail address here.")

    def test_a_zone_that_is_no_more_falls_back_to_that_of_the_site(
        self, client, manager
    ):
        manager.time_zone = "Mars/Phobos"
        manager.save()

        assertContains(client.get(PAGE), "In your zone, UTC")

    def test_a_members_zone_counts_for_who_has_chosen_none(self, client, manager):
        make_member(user=manager, time_zone="Europe/Rome")

        assertContains(client.get(PAGE), "In your zone, Europe/Rome")


class TestSaving:
    def test_keeps_what_was_chosen(self, client, manager):
        said = form(in_app_assigned="on", by_mail_assigned="digest", digest_at="17:30")

        response = client.post(PAGE, said)

        assertRedirects(response, PAGE)
        assert (
            preference_for_kind(manager, NotificationKind.ASSIGNED).by_mail
            == ByMail.DIGEST
        )
        assert not preference_for_kind(manager, NotificationKind.COVERING).in_app
        assert preferences_of(manager).digest_at == time(17, 30)

    def test_twice_is_as_once(self, client, manager):
        for hour in ("09:00", "10:00"):
            client.post(PAGE, form(digest_at=hour))

        assert preferences_of(manager).digest_at == time(10)
        assert manager.notification_choices.count() == len(NotificationKind)

    def test_without_quiet_hours_mail_comes_at_any(self, client, manager):
        client.post(PAGE, form(quiet_from="", quiet_to=""))

        assert preferences_of(manager).quiet_from is None

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"quiet_to": ""}, "Quiet hours need both times"),
            ({"quiet_from": "25:00"}, "Write a time like 08:00."),
            ({"digest_at": ""}, "Choose a time for the digest."),
            ({"by_mail_review": "often"}, "Select a valid choice."),
        ],
    )
    def test_nonsense_is_answered_in_words(self, client, manager, said, sentence):
        response = client.post(PAGE, form(**said))

        assertContains(response, sentence, status_code=422)
        assert not manager.notification_choices.exists()

    def test_they_are_ones_own_only(self, client, manager):
        other = make_user()

        client.post(PAGE, form())

        assertNotContains(client.get(PAGE), other.username)
        assert not other.notification_choices.exists()
