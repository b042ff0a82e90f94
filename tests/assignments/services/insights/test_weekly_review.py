"""The weekly review: told on Monday at eight where the reader is, once, or later."""

from datetime import UTC, datetime, timedelta

import pytest

from assignments.models import Notification, User
from assignments.services.insights import weekly_review
from assignments.services.operations.tick import tick
from tests.factories import make_lead, make_manager, make_member, make_team, make_user

pytestmark = pytest.mark.django_db
EIGHT = datetime(2026, 11, 23, 8, tzinfo=UTC)  # the Monday of week 48
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def told(user: User) -> list[str]:
    return list(user.notifications.order_by("pk").values_list("key", flat=True))


@pytest.fixture
def sara() -> User:
    return make_manager(time_zone="UTC", reviewed_week="2026-W47")


class TestWhen:
    def test_on_monday_at_eight_and_not_before(self, sara):
        make_lead()

        weekly_review.send_weekly_reviews(at=EIGHT - MINUTE)
        assert told(sara) == []

        weekly_review.send_weekly_reviews(at=EIGHT)
        assert told(sara) == ["review-2026-W48"]

    @pytest.mark.parametrize(
        ("zone", "moment"),
        [
            ("Europe/Berlin", EIGHT - timedelta(hours=1)),
            ("America/New_York", EIGHT + timedelta(hours=5)),
            ("Pacific/Auckland", EIGHT - timedelta(hours=13)),
            ("No/Such_Zone", EIGHT),
        ],
    )
    def test_by_the_clock_where_the_reader_is(self, settings, zone, moment):
        settings.TIME_ZONE = "UTC"
        user = make_manager(time_zone=zone, reviewed_week="2026-W47")
        make_lead()

        weekly_review.send_weekly_reviews(at=moment - MINUTE)
        assert told(user) == []
        weekly_review.send_weekly_reviews(at=moment)

        assert told(user) == ["review-2026-W48"]

    def test_without_a_worker_on_monday_it_is_told_later_that_week(self, sara):
        make_lead()

        weekly_review.send_weekly_reviews(at=EIGHT + 3 * DAY)

        assert told(sara) == ["review-2026-W48"]

    def test_once_a_week_however_often_the_clock_ticks(self, sara):
        make_lead()
        for days in (0, 1, 6, 7, 8):
            tick(at=EIGHT + days * DAY)

        assert told(sara) == ["review-2026-W48", "review-2026-W49"]

    def test_at_the_turn_of_the_year_no_week_is_left_out(self):
        user = make_manager(time_zone="UTC", reviewed_week="2026-W52")
        make_lead()
        for day in (28, 31):
            weekly_review.send_weekly_reviews(at=datetime(2026, 12, day, 9, tzinfo=UTC))
        weekly_review.send_weekly_reviews(at=datetime(2027, 1, 4, 9, tzinfo=UTC))

        assert told(user) == ["review-2026-W53", "review-2027-W01"]

    def test_a_week_that_had_nothing_on_monday_says_nothing_later(self, sara):
        weekly_review.send_weekly_reviews(at=EIGHT)
        make_lead()
        weekly_review.send_weekly_reviews(at=EIGHT + DAY)

        assert told(sara) == []

    def test_killed_before_it_was_told_it_is_told_by_the_next_tick(
        self, sara, monkeypatch
    ):
        make_lead()
        with monkeypatch.context() as patch:
            patch.setattr(weekly_review, "notify", _die)
            with pytest.raises(KeyboardInterrupt):
                weekly_review.send_weekly_reviews(at=EIGHT)

        weekly_review.send_weekly_reviews(at=EIGHT + MINUTE)

        assert told(sara) == ["review-2026-W48"]


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


class TestWhat:
    def test_the_counts_by_section_and_where_they_are(self, sara):
        make_lead()
        make_lead(answer_owed=True, answer_due_at=EIGHT - DAY)

        weekly_review.send_weekly_reviews(at=EIGHT)

        said = Notification.objects.get()
        assert said.text.splitlines() == [
            "Overdue: 1",
            "Without an owner: 2",
            "Untouched: 2",
        ]
        assert said.subject == "Weekly review: 2 leads to look at"
        assert said.path == "/review/"


class TestWho:
    def test_sales_managers_and_team_leads_each_with_their_own(self, sara):
        theo, mo = make_user("Theo Brandt"), make_user("Mo Member")
        ana = make_member("Ana Sousa", user=mo, team=make_team(leads=(theo,)))
        late = {"answer_owed": True, "answer_due_at": EIGHT - DAY}
        make_lead(owner=ana, **late)
        make_lead(owner=make_member("Ben Okafor"), **late)

        weekly_review.send_weekly_reviews(at=EIGHT + DAY)

        def overdue(user: User) -> str:
            return user.notifications.get().text.splitlines()[0]

        assert (overdue(sara), overdue(theo)) == ("Overdue: 2", "Overdue: 1")
        assert told(mo) == []

    def test_nobody_whose_login_is_switched_off(self, sara):
        User.objects.filter(pk=sara.pk).update(is_active=False)
        make_lead()

        weekly_review.send_weekly_reviews(at=EIGHT)

        assert told(sara) == []
