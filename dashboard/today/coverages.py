"""Coverages that start or return today, where the away member is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from assignments.models import Coverage, Lead, Member
from assignments.services.absence_wording import coverage_zone, coverers_in_words
from assignments.services.bulk.open_leads import is_open
from assignments.services.coverage import calendar
from assignments.services.coverage.certificate import (
    StatusCounts,
    status_counts_by_coverage,
)
from assignments.services.sight import Sight
from dashboard.coverage.labels import moment_in
from dashboard.permissions import ViewerRights
from dashboard.templatetags.handoff import counted

State = Coverage.State
A_DAY_AND_MORE = timedelta(hours=50)  # a day may lie that far from ours, by the zones


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageToday:
    """A coverage that starts today, or returns today: the leads go back."""

    coverage: Coverage
    is_return: bool
    tally: StatusCounts
    open_leads: int  # of the away member, before it starts

    @property
    def member(self) -> Member:
        return self.coverage.member

    @property
    def when(self) -> str:
        """Return the act and its moment where the member is: `Starts Fri 15 May, 00:00
        Lagos`; of one that has happened `Started` or `Returned`.
        """
        coverage = self.coverage
        if self.is_return:
            is_past = coverage.state in {State.RETURNING, State.COMPLETED}
            verb = "Returned" if is_past else "Returns"
            return f"{verb} {moment_in(coverage.ends_at, coverage)}"
        verb = "Starts" if coverage.state == State.SCHEDULED else "Started"
        return f"{verb} {moment_in(coverage.starts_at, coverage)}"

    @property
    def leads(self) -> str:
        """Return a sentence with the number of leads, and who covers."""
        who = coverers_in_words(self.coverage) or "nobody"
        if self.coverage.state == State.SCHEDULED:
            return f"{counted(self.open_leads, 'open lead')}, covered by {who}."
        taking = self.tally["taking"]
        if not self.tally.taken and not taking:
            return "No lead was taken over."
        if not self.is_return:
            coming = f", {taking} on the way" if taking else ""
            return f"{counted(self.tally.taken, 'lead')} taken over by {who}{coming}."
        if self.coverage.state in {State.RETURNING, State.COMPLETED}:
            return self._returned
        out = counted(self.tally["out"], "lead")
        if self.coverage.on_return == Coverage.OnReturn.KEEP:
            return f"{out} stay with {who}."
        return f"{out} with {who} to give back."

    @property
    def _returned(self) -> str:
        back = f"{counted(self.tally['returned'], 'lead')} went back"
        kept = self.tally.not_back
        return f"{back}, {kept} did not." if kept else f"{back}."


def coverages_today(rights: ViewerRights, *, at: datetime) -> list[CoverageToday]:
    """Return the coverages that start today or return today in the zone of the away
    member, soonest first, that the viewer may change, or is away or covers in.
    """
    found = [
        (coverage, is_return)
        for coverage in _near(rights, at)
        for is_return in (False, True)
        if _is_today(coverage, at, is_return=is_return)
    ]
    coverages = [coverage for coverage, _ in found]
    tallies = (
        status_counts_by_coverage(coverages, sight=rights.sight) if coverages else {}
    )
    scheduled = [one for one in coverages if one.state == State.SCHEDULED]
    loads = _open_counts(scheduled, rights.sight)
    return [
        CoverageToday(
            coverage=coverage,
            is_return=is_return,
            tally=tallies.get(coverage.pk, StatusCounts(counts={})),
            open_leads=loads.get(coverage.member_id, 0),
        )
        for coverage, is_return in found
    ]


def _near(rights: ViewerRights, at: datetime) -> QuerySet[Coverage]:
    window = (at - A_DAY_AND_MORE, at + A_DAY_AND_MORE)
    edges = Q(starts_at__range=window) | Q(ends_at__range=window)
    agreed = calendar.coverages_with_coverers().filter(edges).exclude(
        state__in=(State.PROPOSED, State.CANCELLED)
    )  # fmt: skip
    if rights.is_manager:
        return agreed
    covering = Coverage.objects.filter(coverers__member__user=rights.user_id)
    return agreed.filter(
        Q(member__team__in=rights.led_teams)
        | Q(member__user=rights.user_id)
        | Q(pk__in=covering.values("pk"))
    )


def _is_today(coverage: Coverage, at: datetime, *, is_return: bool) -> bool:
    edge = coverage.ends_at if is_return else coverage.starts_at
    zone = coverage_zone(coverage)
    return edge.astimezone(zone).date() == at.astimezone(zone).date()


def _open_counts(coverages: list[Coverage], sight: Sight) -> Mapping[int, int]:
    if not coverages:
        return {}
    owners = [coverage.member_id for coverage in coverages]
    seen = Lead.objects.filter(is_open(), sight.leads())
    owned = seen.filter(owner__in=owners).order_by()
    return dict(owned.values_list("owner").annotate(Count("pk")))
