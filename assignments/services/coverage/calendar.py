"""Who is away when, and who covers: the timeline of some weeks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q, QuerySet

from assignments.models import Coverage, Coverer, Hold, Member
from assignments.services.absence_wording import (
    away_days,
    is_narrow,
    is_whole_days,
    zone_of,
)

type Window = tuple[datetime, datetime]

State = Coverage.State
WEEKS = 6
DAY = timedelta(days=1)
UNCOVERABLE = (State.COMPLETED, State.CANCELLED, State.RETURNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
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
        coverage = self.coverage
        return coverage is not None and self.days == 1 and not is_whole_days(coverage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    member: Member
    cells: list[Cell]
    is_first: bool  # of this member: a second row is for absences of the same days


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    days: list[date]
    rows: list[Row]
    coverages: list[Coverage]
    gaps: Mapping[int, list[date]]

    @property
    def weeks(self) -> list[tuple[date, int]]:
        """Each week's first day on the timeline, and how many of its days are on it."""
        grouped = groupby(self.days, key=lambda day: day.isocalendar()[:2])
        weeks = [list(days) for _, days in grouped]
        return [(days[0], len(days)) for days in weeks]


@dataclass(slots=True)
class _Lane:
    """Bars that stand beside each other in one row."""

    bars: list[Cell] = field(default_factory=list)

    def has_room(self, bars: Sequence[Cell]) -> bool:
        return all(
            bar.last < other.day or other.last < bar.day
            for bar in bars
            for other in self.bars
        )


def known() -> QuerySet[Coverage]:
    """Coverages with what a list says about each, in a fixed number of queries."""
    coverers = Coverer.objects.select_related("member").prefetch_related(
        "campaigns", "categories"
    )
    return Coverage.objects.select_related(
        "member__team", "fallback", "created_by"
    ).prefetch_related(Prefetch("coverers", coverers))


def held_counts(coverages: Iterable[Coverage]) -> dict[int, int]:
    """How many leads each of them holds now."""
    live = Hold.objects.live().filter(coverage__in=list(coverages)).order_by()
    return dict(live.values_list("coverage").annotate(leads=Count("pk")))


def timeline(days: Sequence[date], *, zone: ZoneInfo) -> Timeline:
    """The absences of these days, with a row for each member who is away in them."""
    coverages = list(_touching(days, zone))
    gaps = gaps_of(coverages)
    rows: list[Row] = []
    by_member: dict[Member, list[Coverage]] = {}
    for coverage in coverages:
        by_member.setdefault(coverage.member, []).append(coverage)
    for member, theirs in sorted(by_member.items(), key=lambda pair: str(pair[0])):
        lanes = _lanes(theirs, days, gaps)
        rows += [
            Row(
                member=member, cells=list(_filled(lane.bars, days)), is_first=not number
            )
            for number, lane in enumerate(lanes)
        ]
    return Timeline(days=list(days), rows=rows, coverages=coverages, gaps=gaps)


def gaps_of(coverages: Iterable[Coverage]) -> dict[int, list[date]]:
    """The days on which nobody covers, per coverage that is not over yet."""
    ahead = [one for one in coverages if one.state not in UNCOVERABLE]
    if not ahead:
        return {}
    absences = absences_between(
        min(one.starts_at for one in ahead), max(one.ends_at for one in ahead)
    )
    found = {one.pk: uncovered_parts(one, absences) for one in ahead}
    return {
        one.pk: days_of(found[one.pk], zone_of(one)) for one in ahead if found[one.pk]
    }


def absences_between(starts_at: datetime, ends_at: datetime) -> dict[int, list[Window]]:
    """When each member is away, of agreed coverages alone."""
    absences: dict[int, list[Window]] = {}
    windows = Coverage.objects.overlapping(starts_at, ends_at).order_by("starts_at")
    for member, start, end in windows.values_list("member", "starts_at", "ends_at"):
        absences.setdefault(member, []).append((start, end))
    return absences


def uncovered_parts(
    coverage: Coverage, absences: Mapping[int, list[Window]]
) -> list[Window]:
    able = [
        one.member
        for one in coverage.coverers.all()
        if one.replaced_at is None and (one.share or is_narrow(one))
    ]
    able += [coverage.fallback] if coverage.fallback else []
    return uncovered(
        (coverage.starts_at, coverage.ends_at),
        [absences.get(member.pk, []) for member in able if member.is_active],
    )


def uncovered(window: Window, absences: Sequence[Sequence[Window]]) -> list[Window]:
    """Where in this window nobody is at work; per candidate, when they are away.

    Without candidates that is all of it.
    """
    left = [window]
    for away in absences:
        left = [piece for one in left for piece in _common(one, away)]
    return left


def days_of(windows: Iterable[Window], zone: tzinfo) -> list[date]:
    """The days that these windows touch, as seen in a zone."""
    days: set[date] = set()
    for starts_at, ends_at in windows:
        day = starts_at.astimezone(zone).date()
        last = (ends_at - datetime.resolution).astimezone(zone).date()
        while day <= last:
            days.add(day)
            day += DAY
    return sorted(days)


def weeks_from(day: date, *, weeks: int = WEEKS) -> list[date]:
    monday = day - day.weekday() * DAY
    return [monday + number * DAY for number in range(weeks * 7)]


def month_of(day: date) -> list[date]:
    first = day.replace(day=1)
    days = (first + number * DAY for number in range(31))
    return [one for one in days if one.month == first.month]


def _touching(days: Sequence[date], zone: ZoneInfo) -> QuerySet[Coverage]:
    # A day more on both sides: the days are those of each coverage's own zone.
    first = datetime.combine(days[0] - DAY, time.min, zone)
    last = datetime.combine(days[-1] + 2 * DAY, time.min, zone)
    shown = known().filter(starts_at__lt=last, ends_at__gt=first)
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


def _bars(coverage: Coverage, days: Sequence[date], gaps: set[date]) -> Iterator[Cell]:
    first, last = away_days(coverage)
    shown = [day for day in days if first <= day <= last]
    for is_gap, run in groupby(shown, key=lambda day: day in gaps):
        run_days = list(run)
        yield Cell(
            day=run_days[0], days=len(run_days), coverage=coverage, is_gap=is_gap
        )


def _filled(bars: Iterable[Cell], days: Sequence[date]) -> Iterator[Cell]:
    starting = {bar.day: bar for bar in bars}
    skip_to = days[0]
    for day in days:
        if day < skip_to:
            continue
        cell = starting.get(day) or Cell(day=day)
        skip_to = cell.last + DAY
        yield cell


def _common(window: Window, others: Sequence[Window]) -> list[Window]:
    starts_at, ends_at = window
    common = (
        (max(starts_at, first), min(ends_at, last)) for first, last in sorted(others)
    )
    return [(first, last) for first, last in common if first < last]
