"""Waiting notifications become mails once their reader may be mailed."""

from datetime import datetime, time, timedelta

import pytest

from assignments.models import CoverageNotice, Mail, Member, Notification, User
from assignments.models.notification import ByMail, NotificationKind
from assignments.services.notifications import compose
from assignments.services.notifications.notify import notify
from assignments.services.notifications.preferences import (
    DEFAULTS,
    KindPreference,
    save_preferences,
)
from tests.factories import MONDAY, make_absence, make_member, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("postbox")]
HOUR = timedelta(hours=1)
NIGHT = MONDAY + 13 * HOUR  # 22:00; the zone is UTC


@pytest.fixture
def ana() -> Member:
    return make_member("Ana", user=make_user("Ana", email="ana@example.com"))


def say(
    reader: User | Member, key: str, *, kind=NotificationKind.ASSIGNED, at=MONDAY
) -> None:
    notify(reader, kind=kind, key=key, subject=f"About {key}", text="", path="/", at=at)


def wish(user: User, *, by_mail: ByMail = ByMail.AT_ONCE, **times: time | None) -> None:
    said = {"digest_at": time(8), "quiet_from": None, "quiet_to": None}
    choices = dict.fromkeys(NotificationKind, KindPreference(by_mail=by_mail))
    save_preferences(user=user, choices=choices, **(said | times))


def mails(at: datetime = MONDAY) -> list[str]:
    compose.compose_due_mails(at=at)
    return list(Mail.objects.order_by("pk").values_list("subject", flat=True))


class TestChoices:
    def test_each_is_mailed_once(self, ana):
        say(ana, "one")

        assert (mails(), mails()) == (["About one"], ["About one"])

    def test_what_waited_together_is_one_mail(self, ana):
        say(ana, "one")
        say(ana, "two")

        assert mails() == ["2 messages from Handoff"]
        text = Mail.objects.get().text
        assert "About one" in text
        assert "About two" in text

    def test_no_e_mail_is_none_and_stays_none(self, ana):
        wish(ana.user, by_mail=ByMail.NO)
        say(ana, "one")

        assert mails() == []
        wish(ana.user)
        assert mails() == []

    def test_a_choice_counts_that_was_changed_while_it_waited(self, ana):
        say(ana, "one", at=NIGHT)
        mails(NIGHT)
        wish(ana.user, by_mail=ByMail.NO)

        assert mails(NIGHT + 10 * HOUR) == []

    def test_a_digest_comes_at_its_hour_with_all_of_the_day(self, ana):
        wish(ana.user, by_mail=ByMail.DIGEST, digest_at=time(17))
        say(ana, "one")
        say(ana, "two", at=MONDAY + HOUR)

        assert mails(MONDAY + 7 * HOUR) == []
        assert mails(MONDAY + 8 * HOUR) == ["2 messages from Handoff"]

    def test_told_after_the_digest_waits_for_the_next(self, ana):
        wish(ana.user, by_mail=ByMail.DIGEST, digest_at=time(9))
        say(ana, "one", at=MONDAY + HOUR)

        assert mails(MONDAY + 2 * HOUR) == []
        assert len(mails(MONDAY + 24 * HOUR)) == 1

    def test_the_urgent_goes_out_while_the_rest_waits_for_its_digest(self, ana):
        say(ana, "late", kind=NotificationKind.OVERDUE)
        say(ana, "one")

        assert DEFAULTS[NotificationKind.OVERDUE].by_mail == ByMail.DIGEST
        assert mails() == ["About one"]
        assert mails(MONDAY + 24 * HOUR) == ["About one", "About late"]


class TestQuietHours:
    def test_what_is_told_at_night_waits_for_the_morning(self, ana):
        say(ana, "one", at=NIGHT)
        say(ana, "two", at=NIGHT + HOUR)

        assert mails(NIGHT + 2 * HOUR) == []
        assert mails(NIGHT + 9 * HOUR) == ["2 messages from Handoff"]

    def test_they_are_those_of_the_persons_zone(self, ana):
        ana.user.time_zone = "Asia/Tokyo"  # 18:00 at MONDAY
        ana.user.save()
        say(ana, "one", at=MONDAY + 2 * HOUR)

        assert mails(MONDAY + 2 * HOUR) == []

    def test_without_them_mail_comes_at_any_hour(self, ana):
        wish(ana.user)
        say(ana, "one", at=NIGHT)

        assert len(mails(NIGHT)) == 1


class TestAway:
    def test_nothing_while_away_and_one_mail_on_return(self, ana):
        coverage = make_absence(ana)
        word = CoverageNotice.objects.create(
            coverage=coverage, member=ana, created_at=MONDAY
        )
        say(ana, "one")
        away = mails()
        coverage.state, coverage.returning_at = "returning", MONDAY + HOUR
        coverage.save()
        not_told_yet = mails(MONDAY + HOUR)
        say(ana, "back", kind=NotificationKind.RETURNED)
        word.told_at = word.closed_at = MONDAY + 2 * HOUR
        word.save()

        assert (away, not_told_yet) == ([], [])
        assert mails(MONDAY + 2 * HOUR) == ["2 messages from Handoff"]


class TestReaders:
    def test_a_member_without_a_login_is_mailed(self):
        ben = make_member("Ben", email="ben@example.com")
        say(ben, "one")

        assert mails() == ["About one"]
        mail = Mail.objects.get()
        assert (mail.address, mail.user) == ("ben@example.com", None)
        assert "/notifications/settings/" not in mail.text

    def test_a_user_without_an_address_is_mailed_at_the_members(self):
        user = make_user()
        make_member("Ben", email="ben@example.com", user=user)
        say(user, "one")
        mails()

        assert Mail.objects.get().address == "ben@example.com"

    @pytest.mark.parametrize("fields", [{}, {"email": "x@y.de", "is_active": False}])
    def test_who_cannot_be_mailed_is_not(self, fields):
        say(make_user(**fields), "one")

        assert mails() == []
        assert not Notification.objects.to_mail().exists()

    def test_a_deactivated_member_without_a_login_is_not_mailed(self):
        say(make_member("Ben", email="ben@example.com", is_active=False), "one")

        assert mails() == []
        assert not Notification.objects.to_mail().exists()

    def test_a_reader_whose_mail_fails_does_not_stop_the_others(
        self, ana, monkeypatch, caplog
    ):
        say(ana, "one")
        say(make_user(email="ben@example.com"), "two")

        def fall(member, at):
            raise RuntimeError("broken")

        monkeypatch.setattr(compose, "is_away", fall)

        assert mails() == ["About two"]
        assert Notification.objects.to_mail().get().user == ana.user
        assert "Nobody could be told" in caplog.text

    def test_the_link_goes_through_the_list_to_the_page(self, ana):
        say(ana, "one")
        mails()

        address = (
            f"http://localhost:8000/notifications/{Notification.objects.get().pk}/"
        )
        assert address in Mail.objects.get().text

    def test_many_readers_cost_each_a_fixed_number_of_queries(
        self, django_assert_max_num_queries
    ):
        for number in range(5):
            say(make_user(email=f"{number}@example.com"), "one")

        with django_assert_max_num_queries(3 + 5 * 12):
            compose.compose_due_mails(at=MONDAY)


class TestWithoutServer:
    def test_nothing_waits_for_a_server_that_is_set_up_later(self, ana, settings):
        postbox = settings.MAILERS
        settings.MAILERS = {}
        say(ana, "one")
        settings.MAILERS = postbox

        assert mails() == []
        assert ana.user.notifications.count() == 1

    def test_what_waited_when_it_was_taken_away_is_let_go(self, ana, settings):
        say(ana, "one")
        postbox = settings.MAILERS
        settings.MAILERS = {}
        mails()
        settings.MAILERS = postbox

        assert mails() == []
