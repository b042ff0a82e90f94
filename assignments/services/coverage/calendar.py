"""The timeline of absences, and the days on which nobody covers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q, QuerySet

from assignments.models import Coverage, CoveringMember, Hold, Member
from assignments.services.absence_wording import (
    away_days,
    coverage_zone,
    has_own_scope,
    is_whole_days,
)
from assignments.services.sight import EVERYTHING, Sight

type TimeWindow = tuple[datetime, datetime]

State = Coverage.State
WEEKS = 6
DAY = timedelta(days=1)
UNCOVERABLE = (State.COMPLETED, State.CANCELLED, State.RETURNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCell:
    """One day of a row without an absence, or a bar over one or more days."""

    day: date
    days: int = 1
    coverage: Coverage | None = None
    is_gap: bool = False

    @property
    def last(self) -> date:
        return self.day + (self.days - 1) * DAY

    @property
    def kind(self) -> str:
        """Return the look of the cell as a word, "" for none.

        Without a coverage it is ""; for uncovered days "gap"; else by the coverage's
        state: "plan" (proposed), "over" (completed), "" (scheduled) or "live" (all
        others).
        """
        if self.coverage is None:
            return ""
        if self.is_gap:
            return "gap"
        match self.coverage.state:
            case State.PROPOSED:
                return "plan"
            case State.COMPLETED:
                return "over"
            case State.SCHEDULED:
                return ""
            case _:
                return "live"

    @property
    def is_half(self) -> bool:
        """Return whether it is a bar of a single day of an absence not of whole days."""
        coverage = self.coverage
        return coverage is not None and self.days == 1 and not is_whole_days(coverage)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    member: Member
    cells: list[CalendarCell]
    is_first: bool  # of this member: a second row is for absences of the same days


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceTimeline:
    """The rows and coverages of `days`; `gaps` are the uncovered days by coverage."""

    days: list[date]
    rows: list[CalendarRow]
    coverages: list[Coverage]
    gaps: Mapping[int, list[date]]

    @property
    def weeks(self) -> list[tuple[date, int]]:
        """Return (first shown day, number of shown days) for each ISO week, in order."""
        grouped = groupby(self.days, key=lambda day: day.isocalendar()[:2])
        weeks = [list(days) for _, days in grouped]
        return [(days[0], len(days)) for days in weeks]


@dataclass(slots=True)
class _Lane:
    """Bars that do not overlap and are drawn in one row."""

    bars: list[CalendarCell] = field(default_factory=list)

    def has_room(self, bars: Sequence[CalendarCell]) -> bool:
        return all(
            bar.last < other.day or other.last < bar.day
            for bar in bars
            for other in self.bars
        )


def coverages_with_coverers() -> QuerySet[Coverage]:
    """Return all coverages, by start, with members and coverers prefetched.

    Member, team, fallback and creator are joined; all coverers, replaced ones too, come
    with their member, campaigns and categories.
    """
    coverers = CoveringMember.objects.select_related("member").prefetch_related(
        "campaigns", "categories"
    )
    return Coverage.objects.select_related(
        "member__team", "fallback", "created_by"
    ).prefetch_related(Prefetch("coverers", coverers))


def live_hold_counts(
    coverages: Iterable[Coverage], *, sight: Sight = EVERYTHING
) -> dict[int, int]:
    """Return the number of live holds of leads that are seen, by coverage id.

    Coverages without any are left out.
    """
    seen = Hold.objects.live().filter(sight.leads("lead__"))
    live = seen.filter(coverage__in=list(coverages)).order_by()
    return dict(live.values_list("coverage").annotate(leads=Count("pk")))


def timeline(days: Sequence[date], *, zone: ZoneInfo) -> AbsenceTimeline:
    """Return the absences of these days, one row or more for each member, by name.

    `days` are sorted and not empty. Cancelled coverages are left out, proposals are
    not. Absences of one member that touch the same day stand in different rows.
    `coverages` and `gaps` may also hold absences just before or after the days.
    """
    coverages = list(_coverages_on(days, zone))
    gaps = uncovered_days_of(coverages)
    rows: list[CalendarRow] = []
    by_member: dict[Member, list[Coverage]] = {}
    for coverage in coverages:
        by_member.setdefault(coverage.member, []).append(coverage)
    for member, absences in sorted(by_member.items(), key=lambda pair: str(pair[0])):
        lanes = _lanes(absences, days, gaps)
        rows += [
            CalendarRow(
                member=member,
                cells=list(_with_empty_cells(lane.bars, days)),
                is_first=not number,
            )
            for number, lane in enumerate(lanes)
        ]
    return AbsenceTimeline(days=list(days), rows=rows, coverages=coverages, gaps=gaps)


def uncovered_days_of(coverages: Iterable[Coverage]) -> dict[int, list[date]]:
    """Return the days touched by a time in which nobody covers, by coverage id.

    They are sorted, in the coverage's own zone. Coverages without such days, and those
    completed, cancelled or returning, are left out.
    """
    ahead = [coverage for coverage in coverages if coverage.state not in UNCOVERABLE]
    if not ahead:
        return {}
    absences = absences_between(
        min(coverage.starts_at for coverage in ahead),
        max(coverage.ends_at for coverage in ahead),
    )
    return {
        coverage.pk: days_touched(parts, coverage_zone(coverage))
        for coverage in ahead
        if (parts := uncovered_windows(coverage, absences))
    }


def absences_between(
    starts_at: datetime, ends_at: datetime
) -> dict[int, list[TimeWindow]]:
    """Return (start, end) of agreed absences that overlap the time, by member id.

    They are lists, soonest first, not cut to that time. Proposed and cancelled
    coverages do not count; members without any are left out.
    """
    absences: dict[int, list[TimeWindow]] = {}
    windows = Coverage.objects.overlapping(starts_at, ends_at).order_by("starts_at")
    for member, start, end in windows.values_list("member", "starts_at", "ends_at"):
        absences.setdefault(member, []).append((start, end))
    return absences


def uncovered_windows(
    coverage: Coverage, absences: Mapping[int, list[TimeWindow]]
) -> list[TimeWindow]:
    """Return the parts (start, end) of the absence in which nobody who covers is there.

    `absences` holds (start, end) by member id. The fallback counts as a coverer; those
    deactivated, replaced, or without both share and own scope do not. If nobody is
    left, the result is the whole time.
    """
    coverers = [
        coverer.member
        for coverer in coverage.coverers.all()
        if coverer.replaced_at is None and (coverer.share or has_own_scope(coverer))
    ]
    coverers += [coverage.fallback] if coverage.fallback else []
    return common_absences(
        (coverage.starts_at, coverage.ends_at),
        [absences.get(member.pk, []) for member in coverers if member.is_active],
    )


def common_absences(
    window: TimeWindow, absences: Sequence[Sequence[TimeWindow]]
) -> list[TimeWindow]:
    """Return the parts of `window` that lie in an absence of every candidate.

    `absences` holds one list for each candidate: if one list is empty, so is the
    result; without candidates it is the whole window.
    """
    parts = [window]
    for candidate_absences in absences:
        parts = [
            common
            for part in parts
            for common in _intersections(part, candidate_absences)
        ]
    return parts


def days_touched(windows: Iterable[TimeWindow], zone: tzinfo) -> list[date]:
    """Return the days in `zone` that any window touches, sorted, each once.

    The end of a window does not belong to it.
    """
    days: set[date] = set()
    for starts_at, ends_at in windows:
        day = starts_at.astimezone(zone).date()
        last = (ends_at - datetime.resolution).astimezone(zone).date()
        while day <= last:
            days.add(day)
            day += DAY
    return sorted(days)


def days_of_weeks(day: date, *, weeks: int = WEEKS) -> list[date]:
    """Return the days of `weeks` whole weeks, from the Monday of the week of `day` on."""
    monday = day - day.weekday() * DAY
    return [monday + number * DAY for number in range(weeks * 7)]


def days_of_month(day: date) -> list[date]:
    """Return all days of the month of `day`, ascending."""
    first = day.replace(day=1)
    candidates = (first + number * DAY for number in range(31))
    return [day for day in candidates if day.month == first.month]


def _coverages_on(days: Sequence[date], zone: ZoneInfo) -> QuerySet[Coverage]:
    # A day more on both sides: the days are those of each coverage's own zone.
    first = datetime.combine(days[0] - DAY, time.min, zone)
    last = datetime.combine(days[-1] + 2 * DAY, time.min, zone)
    shown = coverages_with_coverers().filter(starts_at__lt=last, ends_at__gt=first)
    return shown.exclude(Q(state=State.CANCELLED))


def _lanes(
    coverages: Iterable[Coverage],
    days: Sequence[date],
    gaps: Mapping[int, list[date]],
) -> list[_Lane]:
    lanes: list[_Lane] = []
    for coverage in coverages:
        bars = list(_bars(coverage, days, set(gaps.get(coverage.pk, []))))
        if not bars:
            continue
        free = next((lane for lane in lanes if lane.has_room(bars)), None)
        if free is None:
            lanes.append(free := _Lane())
        free.bars += bars
    return lanes


def _bars(
    coverage: Coverage, days: Sequence[date], gaps: set[date]
) -> Iterator[CalendarCell]:
    first, last = away_days(coverage)
    shown = [day for day in days if first <= day <= last]
    for is_gap, run in groupby(shown, key=lambda day: day in gaps):
        run_days = list(run)
        yield CalendarCell(
            day=run_days[0], days=len(run_days), coverage=coverage, is_gap=is_gap
        )


def _with_empty_cells(
    bars: Iterable[CalendarCell], days: Sequence[date]
) -> Iterator[CalendarCell]:
    """Yield the bars by day, with an empty cell for each of `days` that no bar covers."""
    starting = {bar.day: bar for bar in bars}
    skip_to = days[0]
    for day in days:
        if day < skip_to:
            continue
        cell = starting.get(day) or CalendarCell(day=day)
        skip_to = cell.last + DAY
        yield cell


def _intersections(
    window: TimeWindow, others: Sequence[TimeWindow]
) -> list[TimeWindow]:
    """Return the parts of `window` that lie in one of `others`, by start."""
    starts_at, ends_at = window
    parts = (
        (max(starts_at, first), min(ends_at, last)) for first, last in sorted(others)
    )
    return [(first, last) for first, last in parts if first < last]
