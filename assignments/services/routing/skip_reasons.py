"""Exclusions: reasons why routing rules must not touch a lead.

A person's decision stands. For a lead without an owner any decision counts: assigned and
refused, cancelled, taken away in Smartlead, a suggestion dismissed. For a lead whose owner
is away only those since the absence began count: earlier ones did not know of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from assignments.models import (
    Assignment,
    Coverage,
    CoveredLead,
    Hold,
    Lead,
    Member,
    Suggestion,
)
from assignments.models.assignment import PERSONAL, Cause, State
from assignments.services.coverage.rotation import CoverageScope, LeadTopic
from assignments.services.periods import short_day
from assignments.services.routing.data import RoutedLead


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCoverage:
    """A running coverage and which leads of its member it takes."""

    pk: int
    starts_at: datetime
    takes_arrivals: bool
    scope: CoverageScope

    @classmethod
    def of(cls, row: Coverage) -> "RunningCoverage":
        return cls(
            pk=row.pk,
            starts_at=row.starts_at,
            # Until its first tick, leads that arrive belong to its start.
            takes_arrivals=row.arrivals == Coverage.Arrivals.COVER
            or row.began_at is None,
            scope=CoverageScope.of(row),
        )

    def has_in_scope(self, lead: RoutedLead) -> bool:
        topic = LeadTopic(campaign_id=lead.campaign_id, category_id=lead.category_id)
        return self.scope.takes(topic, is_open=lead.is_open)


@dataclass(slots=True, kw_only=True)
class LeadExclusions:
    """Decisions, holds and coverages of some leads, by member or lead id."""

    members: Mapping[int, Member]
    covers: dict[int, RunningCoverage]
    pending: dict[int, Assignment]
    held: frozenset[int]
    decided: dict[int, list[Assignment]]
    dismissed: dict[int, list[Suggestion]]
    start_sets: frozenset[tuple[int, int]]
    pinned: frozenset[tuple[int, int]]

    def reason_for(self, lead: RoutedLead) -> str:
        """Return the first reason why no rule may touch the lead, as a sentence; "" if
        one may.

        In this order: its owner is unknown, or is not away; a change is pending; a
        coverage holds, pins or takes it; somebody decided about it. For a lead whose
        owner is away only decisions since the absence began count.
        """
        if not lead.owner_is_known:
            return "Smartlead has not said who has it."
        cover = self.covers.get(lead.owner_id or 0)
        if lead.owner_id is not None and cover is None:
            return f"It has an owner who is at work: {self.members[lead.owner_id]}."
        if row := self.pending.get(lead.map_id):
            return f"It is on its way to {row.to} already."
        if lead.map_id in self.held:
            return "It is held in a coverage."
        if cover and (reason := self._covered(lead, cover)):
            return reason
        return self._decided_by_person(lead, cover.starts_at if cover else None)

    def _covered(self, lead: RoutedLead, cover: RunningCoverage) -> str:
        """Return a sentence if the lead is pinned to its owner or the coverage takes
        it, else an empty string.
        """
        owner = self.members[lead.owner_id or 0]
        if (cover.pk, lead.map_id) in self.pinned:
            return f"A person decided that it stays with {owner} during the absence."
        is_wanted = cover.takes_arrivals or (cover.pk, lead.map_id) in self.start_sets
        if cover.has_in_scope(lead) and is_wanted:
            return f"The coverage of {owner} takes it."
        return ""

    def _decided_by_person(self, lead: RoutedLead, since: datetime | None) -> str:
        """Return a sentence about the newest change that keeps rules away, or else
        about a dismissed suggestion; "" without either. With `since` earlier
        decisions do not count.
        """
        for row in self.decided.get(lead.map_id, ()):
            if since and row.created_at < since:
                continue
            if sentence := _decision_sentence(row):
                return sentence
        for suggestion in self.dismissed.get(lead.map_id, ()):
            decided_at = suggestion.decided_at
            if decided_at and not (since and decided_at < since):
                when = _day(decided_at)
                by = suggestion.decided_by
                return f"{by} dismissed a suggestion for it on {when}."
        return ""


def load_exclusions(leads: QuerySet[Lead], *, at: datetime) -> LeadExclusions:
    """Return the exclusions of these leads at `at`, read in a fixed number of queries.

    `covers`: the coverages of all members who are away at `at`, by member id.
    """
    ids = leads.order_by().values("pk")
    rows = Coverage.objects.away_at(at).prefetch_related("campaigns", "categories")
    covers = {row.member_id: RunningCoverage.of(row) for row in rows}
    pending = Assignment.objects.pending().filter(lead__in=ids).select_related("to")
    dismissed = Suggestion.objects.filter(
        state=Suggestion.State.DISMISSED, lead__in=ids
    ).select_related("decided_by")
    running = [cover.pk for cover in covers.values()]
    covered = CoveredLead.objects.filter(coverage__in=running)
    standing = Hold.objects.standing()
    return LeadExclusions(
        members={member.pk: member for member in Member.objects.all()},
        covers=covers,
        pending={row.lead_id: row for row in pending.order_by("pk")},
        held=frozenset(standing.values_list("lead", flat=True)),
        decided=_decided(ids, [cover.starts_at for cover in covers.values()]),
        dismissed=_by_lead(dismissed),
        start_sets=_pairs(covered.filter(is_start_set=True)),
        pinned=_pairs(covered.filter(pinned_at__isnull=False)),
    )


def _decided(
    ids: QuerySet[Lead, Any], starts: Iterable[datetime]
) -> dict[int, list[Assignment]]:
    """Return changes by lead id, newest first, without pending and skipped ones.

    All of leads without an owner; of others those created since the earliest of
    `starts`, none without `starts`.
    """
    wanted = Q(lead__owner=None)
    if earliest := min(starts, default=None):
        wanted |= Q(created_at__gte=earliest)
    rows = Assignment.objects.filter(wanted, lead__in=ids).exclude(
        state__in=(State.SKIPPED, State.WAITING, State.SENDING)
    )
    return _by_lead(rows.select_related("actor", "to").order_by("-pk"))


def _by_lead[Row: (Assignment, Suggestion)](
    rows: Iterable[Row],
) -> dict[int, list[Row]]:
    by_lead: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_lead[row.lead_id].append(row)
    return by_lead


def _pairs(rows: QuerySet[CoveredLead]) -> frozenset[tuple[int, int]]:
    return frozenset(rows.values_list("coverage_id", "lead_id"))


def _decision_sentence(row: Assignment) -> str:
    """Return a sentence if the row keeps rules away from its lead, else an empty
    string.

    It does if a person made it, if it was seen in Smartlead, or if a rule made it and
    it was refused, or cancelled while it was not outdated.
    """
    when = _day(row.created_at)
    if row.cause in PERSONAL:
        outcome = State(row.state).label.lower()
        return f"{row.actor} decided about it on {when}: to {row.to}, {outcome}."
    if row.cause == Cause.OUTSIDE:
        if row.to_id is None:
            return f"Somebody took its owner away in Smartlead on {when}."
        return f"Somebody gave it to {row.to} in Smartlead on {when}."
    if row.cause == Cause.ROUTING and row.state == State.REFUSED:
        return f"Smartlead refused it on {when}: {row.outcome}"
    if row.cause == Cause.ROUTING and row.state == State.CANCELLED:
        return "" if row.was_outdated else f"On {when}: {row.outcome}"
    return ""


def _day(at: datetime) -> str:
    return short_day(timezone.localtime(at))
