"""Who is away, and when: facts of the calendar (docs/design/coverage-rules.md, rule 1)."""

from collections.abc import Iterable
from datetime import datetime

from assignments.models import Coverage


def away_now(at: datetime) -> dict[int, Coverage]:
    """Members who are away at this moment, each with the coverage of the absence."""
    coverages = Coverage.objects.away_at(at).select_related("member")
    return {coverage.member_id: coverage for coverage in coverages}


def next_absences(
    member_ids: Iterable[int], start: datetime, end: datetime
) -> dict[int, list[Coverage]]:
    """The absences of these members that touch the period, soonest first."""
    found: dict[int, list[Coverage]] = {}
    touching = Coverage.objects.overlapping(start, end).filter(member__in=member_ids)
    for coverage in touching.select_related("member").order_by("starts_at", "pk"):
        found.setdefault(coverage.member_id, []).append(coverage)
    return found
