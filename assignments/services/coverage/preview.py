"""What a draft would do, from the planner that will run. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Count

from assignments.models import Coverage, Coverer, Lead, Member, Source
from assignments.services.absences import next_absences
from assignments.services.bulk import pace
from assignments.services.bulk.call_estimates import Estimate
from assignments.services.coverage.calendar import Window, days_of, uncovered
from assignments.services.coverage.drafts import Draft
from assignments.services.coverage.forecast import Dealt, outlook
from assignments.services.mirror.sync_sources import INBOX

DAY = timedelta(days=1)
MOST_CHOICES = 100  # of which the page tells each reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one covering member would get, and what they have to do already."""

    member: Member
    leads: int
    staying: int  # of them, those they have already
    open: int
    percent: int
    is_fallback: bool
    covers_for: list[str]
    away: list[Coverage]

    @property
    def then(self) -> int:
        return self.open + self.leads - self.staying

    @property
    def over(self) -> int:
        """How many leads above what they should have at most."""
        capacity = self.member.capacity
        return 0 if capacity is None else max(0, self.then - capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days that follow each other and are covered by the same members."""

    first: date
    last: date
    names: list[str]
    is_gap: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    lead: Lead
    to: Member
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    leads: int
    unplaced: int
    staying: int  # with whom they are already: held for an absence that ends then
    parts: list[Part]
    stretches: list[Stretch]
    gap: list[date]
    calls: Estimate
    choices: list[Choice]
    as_of: datetime | None

    @property
    def first_working_day(self) -> date:
        day = self.ends_at.astimezone(self.zone).date()
        return day + timedelta(
            days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0
        )

    @property
    def a_minute(self) -> int:
        return pace.calls_a_minute()

    @property
    def minutes(self) -> int:
        return pace.minutes(self.calls.calls)

    @property
    def has_overload(self) -> bool:
        return any(part.over for part in self.parts)


def preview(draft: Draft, at: datetime) -> Preview:
    """A draft without problems, as it would start if nothing changed until then."""
    starts_at, ends_at = draft.window(at)
    able = {one.pk: one for one in _able(draft)}
    absences = next_absences(able, starts_at, ends_at)
    found = outlook(draft, max(starts_at, at))  # a start that was missed is late
    dealt = found.dealt
    gap = _gap(draft, (starts_at, ends_at), able, absences)
    return Preview(
        starts_at=starts_at,
        ends_at=ends_at,
        zone=ZoneInfo(draft.zone),
        leads=len(dealt) + found.unplaced,
        unplaced=found.unplaced,
        staying=len(dealt) - found.moves,
        parts=_parts(draft, dealt, absences, (starts_at, ends_at)),
        stretches=_stretches(draft, (starts_at, ends_at), able, absences, gap),
        gap=gap,
        calls=Estimate.of(found.moves, with_notes=bool(draft.start_note.strip())),
        choices=list(_choices(dealt[:MOST_CHOICES])),
        as_of=Source.objects.filter(name=INBOX)
        .values_list("completed_at", flat=True)
        .first(),
    )


def _able(draft: Draft) -> Iterator[Member]:
    """Who may be given leads, in the order of the form, the fallback last."""
    members = [one.member for one in draft.coverers]
    if draft.fallback and draft.fallback not in members:
        members.append(draft.fallback)
    return (member for member in members if member.is_active)


def _choices(dealt: Sequence[Dealt]) -> Iterator[Choice]:
    leads = Lead.objects.select_related("campaign").in_bulk(
        [one.lead_id for one in dealt]
    )
    members = Member.objects.in_bulk({one.to for one in dealt})
    for one in dealt:
        lead, to = leads[one.lead_id], members[one.to]
        yield Choice(lead=lead, to=to, why=f"{to} {one.why}.")


def _parts(
    draft: Draft,
    dealt: Sequence[Dealt],
    absences: Mapping[int, Sequence[Coverage]],
    window: Window,
) -> list[Part]:
    able = list(_able(draft))
    opened, others = _open_leads(able), _covered_already(able, draft.member, window)
    covering = {one.member.pk for one in draft.coverers}
    got = [one.to for one in dealt]
    staying = [one.to for one in dealt if one.stays]
    return [
        Part(
            member=member,
            leads=got.count(member.pk),
            staying=staying.count(member.pk),
            open=opened.get(member.pk, 0),
            percent=round(100 * got.count(member.pk) / len(got)) if got else 0,
            is_fallback=member.pk not in covering,
            covers_for=others.get(member.pk, []),
            away=list(absences.get(member.pk, ())),
        )
        for member in able
    ]


def _open_leads(members: Sequence[Member]) -> dict[int | None, int]:
    owned = Lead.objects.open().filter(owner__in=members).order_by()
    return dict(owned.values_list("owner").annotate(open=Count("pk")))


def _covered_already(
    members: Sequence[Member], away: Member, window: Window
) -> dict[int, list[str]]:
    """For whom else each of them covers in that time."""
    running = Coverage.objects.overlapping(*window).exclude(member=away)
    rows = Coverer.objects.filter(
        coverage__in=running, member__in=members, replaced_at=None
    ).exclude(coverage__state=Coverage.State.COMPLETED)
    found: dict[int, list[str]] = {}
    for row in rows.select_related("coverage__member").order_by("coverage__starts_at"):
        names = found.setdefault(row.member_id, [])
        if (name := str(row.coverage.member)) not in names:
            names.append(name)
    return found


def _windows(
    able: Mapping[int, Member], absences: Mapping[int, Sequence[Coverage]]
) -> dict[int, list[Window]]:
    return {
        pk: [(one.starts_at, one.ends_at) for one in absences.get(pk, ())]
        for pk in able
    }


def _gap(
    draft: Draft,
    window: Window,
    able: Mapping[int, Member],
    absences: Mapping[int, Sequence[Coverage]],
) -> list[date]:
    parts = uncovered(window, list(_windows(able, absences).values()))
    return days_of(parts, ZoneInfo(draft.zone))


def _stretches(
    draft: Draft,
    window: Window,
    able: Mapping[int, Member],
    absences: Mapping[int, Sequence[Coverage]],
    gap: Sequence[date],
) -> list[Stretch]:
    zone = ZoneInfo(draft.zone)
    away = {
        pk: set(days_of(windows, zone))
        for pk, windows in _windows(able, absences).items()
    }
    covering = [one.member.pk for one in draft.coverers if one.member.pk in able]

    def there(day: date) -> list[str]:
        names = [str(able[pk]) for pk in covering if day not in away[pk]]
        last = draft.fallback
        if not names and last and last.pk in able and day not in away[last.pk]:
            return [str(last)]
        return names

    told = [(day, there(day), day in gap) for day in days_of([window], zone)]
    runs = groupby(told, key=lambda one: one[1:])
    return [
        Stretch(first=days[0][0], last=days[-1][0], names=names, is_gap=is_gap)
        for (names, is_gap), run in runs
        if (days := list(run))
    ]
