"""What lists and pages say about a coverage: its state, its days, its moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from assignments.models import Coverage, Member
from assignments.services.absence_wording import (
    absence_in_words,
    city,
    covered_by,
    days_in_words,
    runs_in_words,
    zone_of,
)
from assignments.services.coverage.calendar import Cell
from assignments.services.coverage.certificate import Tally
from assignments.services.periods import clock_time, short_day
from dashboard.permissions import Rights

State = Coverage.State
OVER = (State.COMPLETED, State.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A coverage as a line of a list."""

    coverage: Coverage
    rights: Rights
    today: date
    held: int = 0
    gap: Sequence[date] = ()
    tally: Tally | None = None

    @property
    def returned(self) -> str:
        """`58 taken, 51 returned, 7 not.`"""
        if self.tally is None:
            return ""
        said = f"{self.tally.taken} taken, {self.tally['returned']} returned"
        return (
            f"{said}, {self.tally.not_back} not." if self.tally.not_back else f"{said}."
        )

    @property
    def member(self) -> Member:
        return self.coverage.member

    @property
    def days(self) -> str:
        return absence_in_words(self.coverage, today=self.today)

    @property
    def covered_by(self) -> str:
        return covered_by(self.coverage) or "Nobody"

    @property
    def is_live(self) -> bool:
        return self.coverage.state in {State.STARTING, State.ACTIVE}

    @property
    def may_confirm(self) -> bool:
        is_proposed = self.coverage.state == State.PROPOSED
        return is_proposed and self.rights.may_cover(self.member)

    @property
    def state(self) -> str:
        match self.coverage.state:
            case State.PROPOSED:
                waits = "for you" if self.may_confirm else "for a team lead"
                return f"Proposed by {self.coverage.created_by}, waits {waits}"
            case State.STARTING:
                return f"Starting, returns {local_moment(self.coverage)}"
            case State.ACTIVE:
                return f"Running, returns {local_moment(self.coverage)}"
            case State.RETURNING:
                return "Returning"
            case other:
                return State(other).label

    @property
    def look(self) -> str:
        return "warn" if self.coverage.state == State.PROPOSED else ""

    @property
    def gap_words(self) -> str:
        if not self.gap:
            return ""
        return f"Nobody covers on {runs_in_words(self.gap, today=self.today)}"


STATES = {State.ACTIVE: "Running"}


def state_word(coverage: Coverage) -> str:
    state = State(coverage.state)
    return STATES.get(state, str(state.label))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a bar of the timeline says: in short for the eye, in full for the ear."""

    cell: Cell
    state: str
    who: str
    said: str


def bar_of(cell: Cell, *, held: int, today: date) -> Bar:
    coverage = cell.coverage
    assert coverage is not None  # noqa: S101  asked only of cells with one
    who = covered_by(coverage) or "nobody"
    days = days_in_words(cell.day, cell.last, today=today)
    if cell.is_gap:
        said = f"{days}: nobody covers"
        return Bar(cell=cell, state="Gap", who="nobody", said=said)
    out = f"{held} lead{'' if held == 1 else 's'} out" if held else ""
    state = BAR_STATES[cell.kind]
    return Bar(
        cell=cell,
        state=state,
        who=" · ".join(filter(None, [who, out])),
        said=", ".join(filter(None, [days, state.lower(), f"covered by {who}", out])),
    )


BAR_STATES = {"live": "Away now", "": "Away", "plan": "Proposed", "over": "Was away"}


def entry_of(
    coverage: Coverage,
    rights: Rights,
    *,
    held: Mapping[int, int] | None = None,
    gaps: Mapping[int, Sequence[date]] | None = None,
    tallies: Mapping[int, Tally] | None = None,
) -> Entry:
    return Entry(
        coverage=coverage,
        rights=rights,
        today=timezone.localdate(),
        held=(held or {}).get(coverage.pk, 0),
        gap=(gaps or {}).get(coverage.pk, ()),
        tally=(tallies or {}).get(coverage.pk),
    )


def local_moment(coverage: Coverage) -> str:
    """The end, in the zone of the absence: `Sat 16 May, 00:00 Stockholm`."""
    return moment_in(coverage.ends_at, coverage)


def moment_in(at: datetime, coverage: Coverage) -> str:
    local = at.astimezone(zone_of(coverage))
    return f"{short_day(local)}, {clock_time(local)} {city(coverage.zone)}"


def viewers_moment(at: datetime, zone: str) -> str:
    """The same moment for whoever looks; nothing where that is the same place."""
    if viewers_city() == city(zone):
        return ""
    theirs, yours = at.astimezone(ZoneInfo(zone)), timezone.localtime(at)
    if theirs.utcoffset() == yours.utcoffset():
        return f"Same in {viewers_city()}, your time"
    day = "" if theirs.date() == yours.date() else f"{short_day(yours)}, "
    return f"{day}{yours:%H:%M} in {viewers_city()}, your time"


def viewers_city() -> str:
    return city(timezone.get_current_timezone_name())
