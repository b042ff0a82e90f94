"""When an answer falls due: a table to be read line by line.

Ana works nine to five in Berlin, Ben nine to five in New York, Nora from 22:00 to 6:00
in Berlin. May 2026 begins on a Friday; 1 May is a holiday in Germany. On 29 March 2026
Berlin skips the hour from 2:00 to 3:00, on 25 October it repeats it.

All moments are those of the clocks in Berlin.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from assignments.models import DayOff, MemberHours, WorkingHours
from assignments.services.sla.deadlines import OwnerChange, deadline_of, ownership_spans
from assignments.services.sla.policy import SlaPolicy
from tests.factories import make_campaign, make_category, make_member, make_target

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = [[[0, 360], [1320, 1440]]] * 7

CASES = [
    # what, reply, minutes, owner, due
    ("within a day", "2026-05-11 10:00", 60, "ana", "2026-05-11 11:00"),
    ("over a night", "2026-05-11 16:30", 60, "ana", "2026-05-12 09:30"),
    ("to the end of a day", "2026-05-11 16:00", 60, "ana", "2026-05-11 17:00"),
    ("before work", "2026-05-11 06:00", 60, "ana", "2026-05-11 10:00"),
    ("after work", "2026-05-11 17:00", 60, "ana", "2026-05-12 10:00"),
    ("a Saturday evening", "2026-05-09 18:00", 60, "ana", "2026-05-11 10:00"),
    ("over a weekend", "2026-05-08 16:30", 60, "ana", "2026-05-11 09:30"),
    ("a holiday and its weekend", "2026-04-30 16:30", 60, "ana", "2026-05-04 09:30"),
    ("a day off of everybody", "2026-12-30 16:30", 60, "ana", "2027-01-04 09:30"),
    ("two working days", "2026-05-11 12:00", 960, "ana", "2026-05-13 12:00"),
    ("ninety days off", "2026-05-11 09:00", 30_240, "ana", "2026-08-07 17:00"),
    ("another zone", "2026-05-11 10:00", 60, "ben", "2026-05-11 16:00"),
    ("no holiday over there", "2026-05-01 10:00", 60, "ben", "2026-05-01 16:00"),
    ("over midnight", "2026-05-11 23:30", 60, "nora", "2026-05-12 00:30"),
    ("a night shorter by an hour", "2026-03-29 00:00", 360, "nora", "2026-03-29 23:00"),
    ("a night longer by an hour", "2026-10-25 00:00", 360, "nora", "2026-10-25 05:00"),
    ("of nobody: as for everybody", "2026-05-11 16:30", 60, None, "2026-05-12 09:30"),
]

HANDED_OVER = [
    # what, reply, minutes, owner at first, then: when to whom, due
    (
        "what passed counts, what is left runs on",
        "2026-05-11 16:00", 120, "ana", [("2026-05-11 16:40", "ben")],
        "2026-05-11 18:00",
    ),
    (
        "the new owner's day has not begun",
        "2026-05-11 09:00", 120, "ana", [("2026-05-11 10:00", "ben")],
        "2026-05-11 16:00",
    ),
    (
        "what was overdue stays overdue",
        "2026-05-11 09:00", 60, "ana", [("2026-05-11 11:00", "ben")],
        "2026-05-11 10:00",
    ),
    (
        "a night in which nobody worked counts for nothing",
        "2026-05-11 16:30", 60, "ana", [("2026-05-12 08:00", "nora")],
        "2026-05-12 22:30",
    ),
    (
        "there and back again",
        "2026-05-11 09:00", 120, "ana",
        [("2026-05-11 09:30", "ben"), ("2026-05-11 13:00", "ana")],
        "2026-05-11 14:30",
    ),
    (
        "from nobody",
        "2026-05-09 18:00", 60, None, [("2026-05-11 08:00", "nora")],
        "2026-05-11 23:00",
    ),
    (
        "before the reply: the first owner counts for nothing",
        "2026-05-11 10:00", 60, "ana", [("2026-05-11 09:30", "ben")],
        "2026-05-11 16:00",
    ),
]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.fixture
def people():
    WorkingHours.objects.create(country="DE", subdivision="BE")
    DayOff.objects.create(day=date(2026, 12, 31), name="Between the years")
    berlin, york = "Europe/Berlin", "America/New_York"
    ana = make_member("Ana Sousa", time_zone=berlin)
    ben = make_member("Ben Okafor", time_zone=york)
    MemberHours.objects.create(member=ben, country="US")
    nora = make_member("Nora Night", time_zone=berlin)
    MemberHours.objects.create(member=nora, week=NIGHTS, country="")
    return {"ana": ana.pk, "ben": ben.pk, "nora": nora.pk, None: None}


def due(
    reply: datetime, minutes: int, changes, owner_id: int | None
) -> datetime | None:
    make_target(minutes, in_working_hours=True)
    spells = ownership_spans(changes, reply_at=reply, owner_id=owner_id)
    found = deadline_of(
        SlaPolicy(), reply_at=reply, campaign_id=None, category_id=None, spells=spells
    )
    assert found
    return found.at


@pytest.fixture(autouse=True)
def _site_in_berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("reply", "minutes", "owner", "wanted"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_due(reply, minutes, owner, wanted, people):
    assert due(at(reply), minutes, [], people[owner]) == at(wanted)


@pytest.mark.parametrize(
    "case", [case[1:] for case in HANDED_OVER], ids=[case[0] for case in HANDED_OVER]
)
def test_due_after_a_hand_over(case, people):
    reply, minutes, before, moves, wanted = case
    changes = []
    for moment, whom in moves:
        changes.append(OwnerChange(at(moment), people[before], people[whom]))
        before = whom

    assert due(at(reply), minutes, changes, people[before]) == at(wanted)


class TestWhichTarget:
    @pytest.mark.parametrize(
        ("campaign_id", "category_id", "minutes"),
        [(5, 3, 1), (5, None, 2), (5, 4, 2), (6, 3, 3), (6, 4, 4), (None, None, 4)],
        ids=[
            "campaign and category", "campaign", "campaign, other category", "category",
            "neither", "without any",
        ],
    )  # fmt: skip
    def test_the_most_specific_wins(self, campaign_id, category_id, minutes, topics):
        campaign, category = topics
        make_target(1, campaign=campaign, category=category)
        make_target(2, campaign=campaign)
        make_target(3, category=category)
        make_target(4)

        found = SlaPolicy().target_for(campaign_id=campaign_id, category_id=category_id)

        assert found.minutes == minutes

    def test_without_a_target_nothing_falls_due(self):
        spells = ownership_spans([], reply_at=at("2026-05-11 10:00"), owner_id=None)

        found = deadline_of(
            SlaPolicy(),
            reply_at=at("2026-05-11 10:00"),
            campaign_id=5,
            category_id=None,
            spells=spells,
        )

        assert found is None

    def test_around_the_clock_no_hours_are_asked_for(self, django_assert_num_queries):
        make_target(24 * 60)
        reply = datetime(2026, 5, 9, 18, tzinfo=UTC)
        spells = ownership_spans([], reply_at=reply, owner_id=7)

        with django_assert_num_queries(2):
            found = deadline_of(
                SlaPolicy(), reply_at=reply, campaign_id=None, category_id=None,
                spells=spells,
            )  # fmt: skip

        assert found.at == datetime(2026, 5, 10, 18, tzinfo=UTC)


@pytest.fixture
def topics():
    return make_campaign(id=5), make_category(id=3)
