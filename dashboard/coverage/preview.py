"""A preview in words: moments in both zones, loads as bars, the note as it will read."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.utils import timezone

from assignments.models import Coverage
from assignments.services.absence_wording import (
    absence_in_words,
    city,
    listed,
    runs_in_words,
)
from assignments.services.coverage.drafts import Draft
from assignments.services.coverage.preview import Part, Preview, Stretch
from assignments.services.ledger import hold_notes
from assignments.services.periods import clock_change, clock_time, short_day
from dashboard.coverage.labels import viewers_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment for the member who is away, and for whoever looks."""

    theirs: str
    place: str
    yours: str
    # A sentence if the clocks skip or repeat the time that was typed.
    clock_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A part as a bar, in hundredths of the longest one."""

    part: Part
    before: float
    more: float
    capacity: float | None
    away: str

    @property
    def said(self) -> str:
        said = f"{self.part.open} now, {self.part.then} then"
        top = self.part.member.capacity
        return said if top is None else f"{said}, capacity {top}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    preview: Preview
    starts: Moment
    returns: Moment
    back: str
    loads: list[Load]
    stretches: list[tuple[Stretch, str]]
    gap: str
    note: str
    note_for: str

    @property
    def summary(self) -> str:
        """What a screen reader hears when the preview has changed."""
        count = self.preview.leads
        parts = [f"{one.part.member} {one.part.leads}" for one in self.loads]
        whom = ", ".join(parts) or "to nobody"
        said = f"{count} lead{'' if count == 1 else 's'}: {whom}."
        return f"{said} {self.gap}".strip()


def shown_preview(found: Preview, draft: Draft) -> Shown:
    sample = found.choices[0] if found.choices else None
    return Shown(
        preview=found,
        starts=_moment(found.starts_at, draft, draft.first_day, draft.first_time),
        returns=_moment(found.ends_at, draft, draft.last_day, draft.last_time),
        back=f"{found.first_working_day:%a %-d %B}",
        loads=_loads(found, today=timezone.localdate()),
        stretches=[(one, _days(one)) for one in found.stretches],
        gap=_gap(found),
        note=_note(draft, found) if sample else "",
        note_for=str(sample.lead) if sample else "",
    )


def _moment(at: datetime, draft: Draft, day: date, typed: time | None) -> Moment:
    theirs = at.astimezone(ZoneInfo(draft.zone))
    return Moment(
        theirs=f"{short_day(theirs)}, {clock_time(theirs)}",
        place=city(draft.zone),
        yours=viewers_moment(at, draft.zone) or "Your time",
        clock_change=clock_change(day, typed, draft.zone) if typed else "",
    )


def _loads(found: Preview, *, today: date) -> list[Load]:
    tops = [max(part.then, part.member.capacity or 0) for part in found.parts]
    unit = 100 / (max([*tops, 1]) * 1.1)
    return [
        Load(
            part=part,
            before=round(part.open * unit, 1),
            more=round((part.leads - part.staying) * unit, 1),
            capacity=_capacity(part, unit),
            away=listed([absence_in_words(one, today=today) for one in part.away]),
        )
        for part in found.parts
    ]


def _capacity(part: Part, unit: float) -> float | None:
    top = part.member.capacity
    return None if top is None else round(top * unit, 1)


def _days(stretch: Stretch) -> str:
    first, last = stretch.first, stretch.last
    if first == last:
        return short_day(first)
    start = f"{first:%a %-d}" if first.month == last.month else f"{first:%-d %b}"
    end = short_day(last) if first.month == last.month else f"{last:%-d %b}"
    return f"{start} to {end}"


def _gap(found: Preview) -> str:
    if not found.gap:
        return ""
    days = runs_in_words(found.gap, today=timezone.localdate())
    return f"Nobody covers on {days}."


def _note(draft: Draft, found: Preview) -> str:
    """From the hand that will write it, for a coverage that is not there yet."""
    sample = found.choices[0]
    coverage = Coverage(
        member=draft.member,
        zone=draft.zone,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
    )
    return hold_notes.note(
        draft.start_note, coverage=coverage, lead=sample.lead, covering=sample.to
    )
