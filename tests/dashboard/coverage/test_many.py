"""Many absences cost the pages that show them no more questions than a few."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains

from assignments.models import (
    Assignment,
    Coverage,
    CoveringMember,
    Hold,
    Lead,
    Member,
    User,
)
from tests.dashboard.pages import queries_of
from tests.factories import make_feed, make_manager, make_team

DAY = timedelta(days=1)
STATES = ("completed", "active", "scheduled", "proposed")


def fill(*, members: int, coverages: int, holds: int, first: int = 1) -> list[Coverage]:
    """Absences of so many members over a year; each third day, four days long."""
    team, actor = make_team(), make_manager()
    at = timezone.now()
    people = Member.objects.bulk_create(
        Member(id=first * 1_000 + number, name=f"Member {number}", team=team)
        for number in range(members)
    )
    made = Coverage.objects.bulk_create(
        _coverage(number, coverages, people, actor, at) for number in range(coverages)
    )
    CoveringMember.objects.bulk_create(
        CoveringMember(
            coverage=one, member=people[(number + step) % members], position=step
        )
        for number, one in enumerate(made)
        for step in (1, 2)
    )
    _hold(made, people, holds, at, first * 1_000_000)
    return made


def _coverage(
    number: int, total: int, people: list[Member], actor: User, at: datetime
) -> Coverage:
    day = at.date() + (number - total // 2) * 3 * DAY
    starts_at = datetime.combine(day, time(), UTC)
    state = STATES[min(3, number * 4 // total)]
    return Coverage(
        member=people[number % len(people)], first_day=day, last_day=day + 3 * DAY,
        starts_at=starts_at, ends_at=starts_at + 4 * DAY, zone="UTC", state=state,
        created_by=actor, created_at=at, completed_at=at,
        began_at=starts_at if state in {"completed", "active"} else None,
    )  # fmt: skip


def _hold(
    coverages: list[Coverage], people: list[Member], holds: int, at: datetime, pk: int
) -> None:
    begun = [one for one in coverages if one.began_at]
    leads = Lead.objects.bulk_create(
        Lead(
            map_id=pk + number, email=f"{pk + number}@example.com", seen_at=at,
            first_seen_at=at, last_reply_at=at, owner=people[0], owner_known_at=at,
        )
        for number in range(holds)
    )  # fmt: skip
    rows = Assignment.objects.bulk_create(
        Assignment(
            lead=lead, to=people[0], cause="coverage_return", reason="Back.",
            state="refused", outcome="Lead is archived.", created_at=at, finished_at=at,
        )
        for lead in leads[::50]
    )  # fmt: skip
    refused = {row.lead_id: row for row in rows}
    Hold.objects.bulk_create(
        _one_hold(begun[number % len(begun)], people, lead, refused.get(lead.pk), at)
        for number, lead in enumerate(leads)
    )


def _one_hold(
    coverage: Coverage,
    people: list[Member],
    lead: Lead,
    move: Assignment | None,
    at: datetime,
) -> Hold:
    to = next(one for one in people if one.pk != coverage.member_id)
    known = {"coverage": coverage, "lead": lead, "to": to, "taken_at": at}
    known |= {"origin": coverage.member, "created_at": at}
    if coverage.state == "completed":
        return Hold(state="ended", outcome="returned", ended_at=at, **known)
    return Hold(state="live", move=move, **known)


@pytest.fixture
def pages(client, manager) -> list[str]:
    """One of each, of an office with as much as its second filling leaves."""
    made = fill(members=3, coverages=8, holds=200)
    feed = make_feed(made[0].member.team)
    active = next(one for one in made if one.state == "active")
    planned = next(one for one in made if one.state == "scheduled")
    return [
        "/coverage/",
        "/coverage/?by=month",
        f"/coverage/{active.pk}/",
        f"/coverage/{planned.pk}/",
        f"/coverage/{made[0].pk}/certificate/",
        f"/coverage/calendar/{feed.token}.ics",
        "/coverage/new/",
        "/accounts/me/",
    ]


def test_a_few_or_many_absences_take_the_same_queries(client, pages):
    few = {page: queries_of(lambda page=page: client.get(page)) for page in pages}
    fill(members=9, coverages=40, holds=300, first=2)

    for page, count in few.items():
        assert queries_of(lambda page=page: client.get(page)) <= count, page


def test_absences_ahead_come_fifty_a_page(client, manager):
    fill(members=60, coverages=160, holds=0)

    first = client.get("/coverage/")
    second = client.get(f"/coverage/?after={first.context['later_ones']}")

    days = [one.coverage.first_day for one in second.context["ahead"]]
    assert len(first.context["ahead"]) == len(days) == 50
    assert days[0] > first.context["ahead"][-1].coverage.first_day


def test_a_page_that_is_none_is_refused_in_words(client, manager):
    assertContains(client.get("/coverage/?after=x"), "data-sentence", status_code=400)
