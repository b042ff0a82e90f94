"""The preview of a coverage in words: moments in both zones, loads as bars, the note."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.utils import timezone

from assignments.models import Coverage, Member
from assignments.services.absence_wording import (
    absence_in_words,
    city_of_zone,
    day_runs_in_words,
    join_names,
)
from assignments.services.coverage.drafts import CoverageDraft
from assignments.services.coverage.preview import (
    CoveragePreview,
    CoveredDays,
    CovererPreview,
)
from assignments.services.periods import clock_change, clock_time, short_day
from dashboard.coverage.example_notes import ExampleNotes, example_notes
from dashboard.coverage.labels import viewers_city, viewers_moment
from dashboard.coverage.limits import limits_ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonedMoment:
    """One moment for the member who is away, and for the viewer."""

    theirs: str
    place: str
    yours: str
    # A sentence if the clocks skip or repeat the time that was typed.
    clock_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CovererLoad:
    """A part as a bar, in hundredths of the longest one."""

    part: CovererPreview
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
class ShownPreview:
    preview: CoveragePreview
    starts: ZonedMoment
    returns: ZonedMoment
    back: str
    loads: list[CovererLoad]
    stretches: list[tuple[CoveredDays, str, str]]  # with its days, and who covers
    unplaced: str
    gap: str
    limits: str
    notes: ExampleNotes

    @property
    def summary(self) -> str:
        """Return what a screen reader says when the preview has changed.

        `3 leads: Ana Berg 2, Theo Bo 1.`, or `to nobody` if nobody covers; then the
        sentence about a gap if there is one.
        """
        count = self.preview.leads
        parts = [f"{one.part.member} {one.part.leads}" for one in self.loads]
        whom = ", ".join(parts) or "to nobody"
        said = f"{count} lead{'' if count == 1 else 's'}: {whom}."
        return f"{said} {self.gap}".strip()

    @property
    def calls(self) -> str:
        """Return how long Smartlead needs, in a sentence: `Smartlead needs about 2
        minutes for this.`
        """
        calls = self.preview.calls
        if not calls.calls:
            return "Nothing is changed in Smartlead until a lead arrives."
        return f"Smartlead needs {calls.duration} for this."

    @property
    def has_lines(self) -> bool:
        return any(load.capacity is not None for load in self.loads)

    @property
    def moving(self) -> str:
        return moving_words(self.preview)

    @property
    def staying(self) -> str:
        """Return a sentence with the number of leads that stay with who covered them in
        the absence before; empty if there are none.
        """
        count = self.preview.staying
        if not count:
            return ""
        stay, them = ("stays", "it") if count == 1 else ("stay", "them")
        return (
            f"{count} of them {stay} with who has {them} "
            "from the absence before, without a call."
        )

    @property
    def choices_title(self) -> str:
        leads, listed = self.preview.leads, len(self.preview.choices)
        if leads > listed:
            said = f"The first {listed} of {leads} leads"
        else:
            said = f"All {_counted(leads, 'lead')}"
        return f"{said}, each with its reason"


def moving_words(found: CoveragePreview) -> str:
    """Return how many leads move to how many members: `4 leads to 2 members`.

    Empty if none does.
    """
    parts = [part for part in found.parts if part.leads > part.staying]
    count = sum(part.leads - part.staying for part in parts)
    if not count:
        return ""
    return f"{_counted(count, 'lead')} to {_counted(len(parts), 'member')}"


def shown_preview(found: CoveragePreview, draft: CoverageDraft) -> ShownPreview:
    return ShownPreview(
        preview=found,
        starts=_moment(found.starts_at, draft, draft.first_day, draft.first_time),
        returns=_moment(found.ends_at, draft, draft.last_day, draft.last_time),
        back=f"{found.first_working_day:%a %-d %B}",
        loads=_loads(found, today=timezone.localdate()),
        stretches=[
            (stretch, _days(stretch), _who(stretch)) for stretch in found.stretches
        ],
        unplaced=_unplaced(found.unplaced, draft.member),
        gap=_gap(found),
        limits=limits_ahead(found),
        notes=_notes(draft, found),
    )


def _moment(
    at: datetime, draft: CoverageDraft, day: date, typed: time | None
) -> ZonedMoment:
    theirs = at.astimezone(ZoneInfo(draft.zone))
    return ZonedMoment(
        theirs=f"{short_day(theirs)}, {clock_time(theirs)}",
        place=city_of_zone(draft.zone),
        yours=viewers_moment(at, draft.zone) or f"In your time zone, {viewers_city()}",
        clock_change=clock_change(day, typed, draft.zone) if typed else "",
    )


def _loads(found: CoveragePreview, *, today: date) -> list[CovererLoad]:
    tops = [max(part.then, part.member.capacity or 0) for part in found.parts]
    unit = 100 / (max([*tops, 1]) * 1.1)
    return [
        CovererLoad(
            part=part,
            before=round(part.open * unit, 1),
            more=round((part.leads - part.staying) * unit, 1),
            capacity=_capacity(part, unit),
            away=join_names(
                [absence_in_words(each, today=today) for each in part.away]
            ),
        )
        for part in found.parts
    ]


def _capacity(part: CovererPreview, unit: float) -> float | None:
    top = part.member.capacity
    return None if top is None else round(top * unit, 1)


def _days(stretch: CoveredDays) -> str:
    first, last = stretch.first, stretch.last
    if first == last:
        return short_day(first)
    start = f"{first:%a %-d}" if first.month == last.month else f"{first:%-d %b}"
    end = short_day(last) if first.month == last.month else f"{last:%-d %b}"
    return f"{start} to {end}"


def _who(stretch: CoveredDays) -> str:
    names = ", ".join(stretch.names)
    if not stretch.is_gap:
        return names or "Part of the day only"
    return f"Nobody for a part of it, then {names}" if names else "Nobody"


def _unplaced(count: int, away: Member) -> str:
    if not count:
        return ""
    them = "it" if count == 1 else "them"
    return (
        f"{_counted(count, 'lead')} would stay with {away}: nobody who covers is free "
        f"at the start, or takes {them}. Add a person or a fallback."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _gap(found: CoveragePreview) -> str:
    if not found.gap:
        return ""
    days = day_runs_in_words(found.gap, today=timezone.localdate())
    return f"Nobody covers on {days}."


def _notes(draft: CoverageDraft, found: CoveragePreview) -> ExampleNotes:
    sample = found.choices[0] if found.choices else None
    # Not saved yet: only what the notes can name is set.
    coverage = Coverage(
        member=draft.member,
        zone=draft.zone,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        fallback=draft.fallback,
        on_return=draft.on_return,
        start_note=draft.start_note,
        return_note=draft.return_note,
    )
    first = next((one.member for one in draft.coverers), None)
    return example_notes(
        coverage, sample.lead if sample else None, sample.to if sample else first
    )
