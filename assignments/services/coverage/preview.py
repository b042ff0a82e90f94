"""What a draft would do, from the rotation that will deal. Reads only."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Count

from assignments.models import Coverage, Coverer, Lead, Member, Source
from assignments.services.coverage.absences import next_absences
from assignments.services.coverage.dealing import Candidate, Rotation, Topic
from assignments.services.coverage.drafts import Draft, DraftCoverer
from assignments.services.coverage.gaps import Window, days_of, uncovered
from assignments.services.coverage.pace import calls_a_minute
from assignments.services.sources import INBOX

DAY = timedelta(days=1)
MOST_CHOICES = 100  # of which the page tells each reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one covering member would get, and what they have to do already."""

    member: Member
    leads: int
    open: int
    percent: int
    is_fallback: bool
    covers_for: list[str]
    away: list[Coverage]

    @property
    def then(self) -> int:
        return self.open + self.leads

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
class Calls:
    """The most that the start takes; fresh knowledge of an owner saves its read."""

    leads: int
    notes: int
    a_minute: int

    @property
    def total(self) -> int:
        return 2 * self.leads + self.notes

    @property
    def minutes(self) -> int:
        return math.ceil(self.total / self.a_minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    lead_id: int
    lead: str
    to: Member
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    leads: int
    unplaced: int
    parts: list[Part]
    stretches: list[Stretch]
    gap: list[date]
    calls: Calls
    choices: list[Choice]
    as_of: datetime | None

    @property
    def first_working_day(self) -> date:
        day = self.ends_at.astimezone(self.zone).date()
        return day + timedelta(
            days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0
        )

    @property
    def has_overload(self) -> bool:
        return any(part.over for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Row:
    """Of a lead as much as dealing and naming it takes."""

    pk: int
    campaign_id: int | None
    category_id: int | None
    first_name: str
    last_name: str
    email: str

    @property
    def name(self) -> str:
        name = f"{self.first_name} {self.last_name}".strip()
        return name or self.email or f"Lead {self.pk}"


def preview(draft: Draft, at: datetime) -> Preview:
    """A draft without problems, as it would start if nothing changed until then."""
    starts_at, ends_at = draft.window(at)
    able = {one.pk: one for one in _able(draft)}
    absences = next_absences(able, starts_at, ends_at)
    rows = _wanted(draft)
    dealt = list(_dealt(draft, rows, free=_free_at(starts_at, able, absences)))
    gap = _gap(draft, (starts_at, ends_at), able, absences)
    return Preview(
        starts_at=starts_at,
        ends_at=ends_at,
        zone=ZoneInfo(draft.zone),
        leads=len(rows),
        unplaced=len(rows) - len(dealt),
        parts=_parts(draft, dealt, absences, (starts_at, ends_at)),
        stretches=_stretches(draft, (starts_at, ends_at), able, absences, gap),
        gap=gap,
        calls=_calls(draft, len(dealt)),
        choices=[_choice(row, to, able, why) for row, to, why in dealt[:MOST_CHOICES]],
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


def _wanted(draft: Draft) -> list[_Row]:
    leads = Lead.objects.present().filter(owner=draft.member)
    if draft.scope == Coverage.Scope.ACTIVE:
        leads = leads.open().filter(owner=draft.member)
    if draft.campaigns:
        leads = leads.filter(campaign__in=draft.campaigns)
    if draft.categories:
        leads = leads.filter(category__in=draft.categories)
    columns = _Row.__slots__
    return [_Row(*row) for row in leads.order_by("map_id").values_list(*columns)]


def _free_at(
    moment: datetime,
    able: Mapping[int, Member],
    absences: Mapping[int, Sequence[Coverage]],
) -> set[int]:
    return {
        pk
        for pk in able
        if not any(
            one.starts_at <= moment < one.ends_at for one in absences.get(pk, ())
        )
    }


def _dealt(
    draft: Draft, rows: Iterable[_Row], *, free: set[int]
) -> Iterator[tuple[_Row, int, str]]:
    rotation = Rotation.fresh(
        (
            Candidate(
                member_id=one.member.pk,
                share=one.share,
                campaigns=frozenset(one.campaigns),
                categories=frozenset(one.categories),
            )
            for one in draft.coverers
        ),
        draft.fallback.pk if draft.fallback else None,
    )
    for row in rows:
        topic = Topic(campaign_id=row.campaign_id, category_id=row.category_id)
        if dealt := rotation.deal(topic, free=free):
            yield row, dealt.member_id, dealt.why


def _choice(row: _Row, to: int, able: Mapping[int, Member], why: str) -> Choice:
    return Choice(lead_id=row.pk, lead=row.name, to=able[to], why=f"{able[to]} {why}.")


def _parts(
    draft: Draft,
    dealt: Sequence[tuple[_Row, int, str]],
    absences: Mapping[int, Sequence[Coverage]],
    window: Window,
) -> list[Part]:
    able = list(_able(draft))
    opened, others = _open_leads(able), _covered_already(able, draft.member, window)
    covering = {one.member.pk for one in draft.coverers}
    got = [to for _, to, _ in dealt]
    return [
        Part(
            member=member,
            leads=got.count(member.pk),
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


def _calls(draft: Draft, leads: int) -> Calls:
    notes = leads if draft.start_note.strip() else 0
    return Calls(leads=leads, notes=notes, a_minute=calls_a_minute())


def draft_of(coverage: Coverage) -> Draft:
    """A coverage as it was planned, to look again at what it would do."""
    coverers = [one for one in coverage.coverers.all() if one.replaced_at is None]
    return Draft(
        member=coverage.member,
        first_day=coverage.first_day,
        last_day=coverage.last_day,
        first_time=coverage.first_time,
        last_time=coverage.last_time,
        zone=coverage.zone,
        scope=Coverage.Scope(coverage.scope),
        campaigns=tuple(one.pk for one in coverage.campaigns.all()),
        categories=tuple(one.pk for one in coverage.categories.all()),
        coverers=tuple(
            DraftCoverer(
                member=one.member,
                share=one.share,
                campaigns=tuple(each.pk for each in one.campaigns.all()),
                categories=tuple(each.pk for each in one.categories.all()),
            )
            for one in coverers
        ),
        fallback=coverage.fallback,
        start_note=coverage.start_note,
        return_note=coverage.return_note,
    )
