"""Absences of members, by the agreed coverages (docs/design/coverage-rules.md, rule 1)."""

from collections.abc import Iterable
from datetime import datetime

from assignments.models import Coverage


def absences_at(at: datetime) -> dict[int, Coverage]:
    """Return the agreed coverages by which members are away at `at`, by member id.

    Members who are not away are left out.
    """
    coverages = Coverage.objects.away_at(at).select_related("member")
    return {coverage.member_id: coverage for coverage in coverages}


def absences_by_member(
    member_ids: Iterable[int], start: datetime, end: datetime
) -> dict[int, list[Coverage]]:
    """Return the agreed coverages of these members (ids) that overlap [start, end).

    They are lists by member id, soonest first; members without one are left out.
    """
    absences: dict[int, list[Coverage]] = {}
    overlapping = Coverage.objects.overlapping(start, end).filter(member__in=member_ids)
    for coverage in overlapping.select_related("member").order_by("starts_at", "pk"):
        absences.setdefault(coverage.member_id, []).append(coverage)
    return absences
