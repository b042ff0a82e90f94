"""Coverages for tests: short to make, on leads of the sandbox."""

from datetime import datetime, timedelta
from typing import Any

from assignments.models import Coverage, CoveringMember, Hold, Lead, Member
from assignments.services.coverage import tick
from tests.dispatch_harness import DispatchHarness
from tests.factories import MONDAY, make_manager

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def plan(
    member: Member,
    *covering: Member,
    starts_at: datetime = MONDAY,
    ends_at: datetime = MONDAY + DAY,
    shares: tuple[int, ...] = (),
    **fields: Any,
) -> Coverage:
    """A scheduled coverage of all leads, from Monday for a day."""
    coverage = Coverage.objects.create(
        member=member,
        first_day=starts_at.date(),
        last_day=ends_at.date(),
        zone="UTC",
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=make_manager(),
        created_at=starts_at - DAY,
        **({"scope": "all"} | fields),
    )
    for place, coverer in enumerate(covering):
        share = shares[place] if shares else 1
        CoveringMember.objects.create(
            coverage=coverage, member=coverer, position=place, share=share
        )
    return coverage


def go(office: DispatchHarness, at: datetime | None = None) -> None:
    """A tick, and everything sent that it planned."""
    if at is not None:
        office.clock.now = max(office.clock.now, at)
    tick.tick(office.clock.now)
    office.dispatch()


def owner_of(lead: Lead) -> Member | None:
    lead.refresh_from_db()
    return lead.owner


def story(lead: Lead) -> list[str]:
    """The holds of a lead, each as 'origin>to outcome'."""
    holds = Hold.objects.filter(lead=lead).order_by("pk")
    return [
        f"{hold.origin_id}>{hold.to_id} {hold.outcome or hold.state}" for hold in holds
    ]
