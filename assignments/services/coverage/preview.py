"""Preview of a draft, made by the planner that will run. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Count

from assignments.models import (
    Campaign,
    Category,
    Coverage,
    CoveringMember,
    Lead,
    Member,
    SyncSource,
)
from assignments.services.absence_wording import scope_in_words
from assignments.services.absences import absences_by_member
from assignments.services.bulk.call_estimates import CallEstimate
from assignments.services.coverage.calendar import (
    TimeWindow,
    common_absences,
    days_touched,
)
from assignments.services.coverage.drafts import CoverageDraft
from assignments.services.coverage.forecast import (
    ForecastLead,
    forecast,
    rotation_from_draft,
)
from assignments.services.mirror.sync_sources import INBOX
from assignments.services.sight import EVERYTHING, Sight

DAY = timedelta(days=1)
MOST_CHOICES = 100  # leads whose reasons the page shows


@dataclass(frozen=True, slots=True, kw_only=True)
class CovererPreview:
    """Leads that one covering member would get, beside what they have.

    `staying`: those of `leads` that they own already. `open`: their open leads today.
    `covers_for`: others they cover for in that time. `away`: their own absences in it.
    `own_scope`: the campaigns and categories that limit them, in words; `in_scope`: how
    many of all dealt leads are of these.
    """

    member: Member
    leads: int
    staying: int
    open: int
    percent: int
    is_fallback: bool
    covers_for: list[str]
    away: list[Coverage]
    own_scope: str = ""
    in_scope: int = 0

    @property
    def then(self) -> int:
        """Return how many open leads they would have: `open + leads - staying`."""
        return self.open + self.leads - self.staying

    @property
    def over(self) -> int:
        """Return how many leads `then` is above their capacity; 0 without a capacity."""
        capacity = self.member.capacity
        return 0 if capacity is None else max(0, self.then - capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDays:
    """Days that follow each other and are covered by the same members."""

    first: date
    last: date
    names: list[str]
    is_gap: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadChoice:
    """One lead with the member who would cover it. `why` is a sentence."""

    lead: Lead
    to: Member
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePreview:
    """Everything the page shows of a draft.

    `leads` are all it would cover, `staying` those that stay with their owner,
    `unplaced` those nobody is free for, `gap` the days without any coverer, `choices`
    the first 100 leads, `as_of` the moment the inbox was last read in full (None:
    never).
    """

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    leads: int
    unplaced: int
    staying: int
    parts: list[CovererPreview]
    stretches: list[CoveredDays]
    gap: list[date]
    calls: CallEstimate
    choices: list[LeadChoice]
    as_of: datetime | None

    @property
    def placed(self) -> int:
        """Return how many leads somebody would get or keep: the sum over `parts`."""
        return self.leads - self.unplaced

    @property
    def first_working_day(self) -> date:
        """Return the day of the end in `zone`, or the next Monday if that is on a
        weekend.
        """
        day = self.ends_at.astimezone(self.zone).date()
        return day + timedelta(
            days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0
        )

    @property
    def has_overload(self) -> bool:
        return any(part.over for part in self.parts)


def preview_draft(
    draft: CoverageDraft, at: datetime, *, sight: Sight = EVERYTHING
) -> CoveragePreview:
    """Return what a draft would do with the leads that are seen, if nothing changes
    until it starts.

    Its days and shares must be without problems. A start before `at` is reckoned from
    `at`. `leads` includes the unplaced; `calls` counts leads that change owner, with
    notes if there is a start note; `parts` are the active coverers, the fallback last.
    """
    starts_at, ends_at = draft.window(at)
    able = {member.pk: member for member in _active_coverers(draft)}
    absences = absences_by_member(able, starts_at, ends_at)
    # A start that was missed is late.
    expected = forecast(draft, max(starts_at, at)).seen_with(sight)
    dealt = expected.dealt
    gap = _uncovered_days(draft, (starts_at, ends_at), able, absences)
    return CoveragePreview(
        starts_at=starts_at,
        ends_at=ends_at,
        zone=ZoneInfo(draft.zone),
        leads=len(dealt) + expected.unplaced,
        unplaced=expected.unplaced,
        staying=len(dealt) - expected.moves,
        parts=_parts(draft, dealt, absences, (starts_at, ends_at)),
        stretches=_covered_days(draft, (starts_at, ends_at), able, absences, gap),
        gap=gap,
        calls=CallEstimate.of(
            expected.moves, with_notes=bool(draft.start_note.strip())
        ),
        choices=list(_choices(dealt[:MOST_CHOICES])),
        as_of=SyncSource.objects.filter(name=INBOX)
        .values_list("completed_at", flat=True)
        .first(),
    )


def _active_coverers(draft: CoverageDraft) -> Iterator[Member]:
    """Return the active coverers in the order of the form, then the fallback if active.

    A fallback who is a coverer too comes once, as that.
    """
    members = [coverer.member for coverer in draft.coverers]
    if draft.fallback and draft.fallback not in members:
        members.append(draft.fallback)
    return (member for member in members if member.is_active)


def _choices(dealt: Sequence[ForecastLead]) -> Iterator[LeadChoice]:
    leads = Lead.objects.select_related("campaign").in_bulk(
        [choice.lead_id for choice in dealt]
    )
    members = Member.objects.in_bulk({choice.to for choice in dealt})
    for choice in dealt:
        to = members[choice.to]
        yield LeadChoice(lead=leads[choice.lead_id], to=to, why=f"{to} {choice.why}.")


def _parts(
    draft: CoverageDraft,
    dealt: Sequence[ForecastLead],
    absences: Mapping[int, Sequence[Coverage]],
    window: TimeWindow,
) -> list[CovererPreview]:
    able = list(_active_coverers(draft))
    open_leads, covers_for = _open_leads(able), _covers_for(able, draft.member, window)
    covering = {coverer.member.pk for coverer in draft.coverers}
    candidates = {one.member_id: one for one in rotation_from_draft(draft).candidates}
    scopes = _own_scopes(draft)
    receivers = [choice.to for choice in dealt]
    keepers = [choice.to for choice in dealt if choice.stays]
    return [
        CovererPreview(
            member=member,
            leads=receivers.count(member.pk),
            staying=keepers.count(member.pk),
            open=open_leads.get(member.pk, 0),
            percent=round(100 * receivers.count(member.pk) / (len(receivers) or 1)),
            is_fallback=member.pk not in covering,
            covers_for=covers_for.get(member.pk, []),
            away=list(absences.get(member.pk, ())),
            own_scope=scopes.get(member.pk, ""),
            in_scope=sum(candidates[member.pk].fits(choice.topic) for choice in dealt)
            if member.pk in scopes
            else 0,
        )
        for member in able
    ]


def _own_scopes(draft: CoverageDraft) -> dict[int, str]:
    """Return the own campaigns and categories of those who have any, by member id."""
    narrow = [one for one in draft.coverers if one.campaigns or one.categories]
    campaigns = Campaign.objects.in_bulk({pk for one in narrow for pk in one.campaigns})
    kinds = Category.objects.in_bulk({pk for one in narrow for pk in one.categories})
    return {
        one.member.pk: scope_in_words(
            [f"{campaigns[pk]}" for pk in one.campaigns if pk in campaigns],
            [f"{kinds[pk]}" for pk in one.categories if pk in kinds],
        )
        for one in narrow
    }


def _open_leads(members: Sequence[Member]) -> dict[int | None, int]:
    owned = Lead.objects.open().filter(owner__in=members).order_by()
    return dict(owned.values_list("owner").annotate(open=Count("pk")))


def _covers_for(
    members: Sequence[Member], away: Member, window: TimeWindow
) -> dict[int, list[str]]:
    """Return the names of others each member covers for in that time, by member id.

    They are those with agreed coverages, not completed, by the start of these, each
    once. Replaced coverers do not count; members without any are left out.
    """
    running = Coverage.objects.overlapping(*window).exclude(member=away)
    rows = CoveringMember.objects.filter(
        coverage__in=running, member__in=members, replaced_at=None
    ).exclude(coverage__state=Coverage.State.COMPLETED)
    names_by_member: dict[int, list[str]] = {}
    for row in rows.select_related("coverage__member").order_by("coverage__starts_at"):
        names = names_by_member.setdefault(row.member_id, [])
        if (name := str(row.coverage.member)) not in names:
            names.append(name)
    return names_by_member


def _absence_windows(
    able: Mapping[int, Member], absences: Mapping[int, Sequence[Coverage]]
) -> dict[int, list[TimeWindow]]:
    """Return (start, end) of the absences of each of `able`, by id; [] for none."""
    return {
        pk: [(absence.starts_at, absence.ends_at) for absence in absences.get(pk, ())]
        for pk in able
    }


def _uncovered_days(
    draft: CoverageDraft,
    window: TimeWindow,
    able: Mapping[int, Member],
    absences: Mapping[int, Sequence[Coverage]],
) -> list[date]:
    """Return the days touched by a time in which all of `able` are away, sorted.

    They are days of the draft's zone; if `able` is empty, all days of the window.
    """
    parts = common_absences(window, list(_absence_windows(able, absences).values()))
    return days_touched(parts, ZoneInfo(draft.zone))


def _covered_days(
    draft: CoverageDraft,
    window: TimeWindow,
    able: Mapping[int, Member],
    absences: Mapping[int, Sequence[Coverage]],
    gap: Sequence[date],
) -> list[CoveredDays]:
    """Return the days of `window` as runs with the same names and the same `is_gap`.

    Names are active coverers away on no part of the day, else the fallback, else none.
    """
    zone = ZoneInfo(draft.zone)
    days_away = {
        pk: set(days_touched(windows, zone))
        for pk, windows in _absence_windows(able, absences).items()
    }
    covering = [one.member.pk for one in draft.coverers if one.member.pk in able]

    def at_work(day: date) -> list[str]:
        names = [str(able[pk]) for pk in covering if day not in days_away[pk]]
        last = draft.fallback
        if not names and last and last.pk in able and day not in days_away[last.pk]:
            return [str(last)]
        return names

    coverers_by_day = [
        (day, at_work(day), day in gap) for day in days_touched([window], zone)
    ]
    runs = groupby(coverers_by_day, key=lambda entry: entry[1:])
    return [
        CoveredDays(first=days[0][0], last=days[-1][0], names=names, is_gap=is_gap)
        for (names, is_gap), run in runs
        if (days := list(run))
    ]
