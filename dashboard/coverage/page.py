"""The page of a coverage: its state, its leads, its actions, its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Assignment, Coverage, CoverageEvent, Hold
from assignments.models.assignment import State as RowState
from assignments.services.absence_wording import absence_in_words, zone_of
from assignments.services.coverage.certificate import (
    BESIDE,
    EXCEPTIONS,
    Fate,
    Tally,
    fate_of,
    holds_of,
    line_of,
    lines,
)
from dashboard.pagination import Cursor, Order, Page, page_of
from dashboard.permissions import Rights

State = Coverage.State
BY_ID = Order(first="pk", key="pk", descending=False)
RUNNING = (State.STARTING, State.ACTIVE, State.RETURNING)
MOST_EVENTS = 30
NOT_BACK = tuple(fate for fate in EXCEPTIONS if fate != Fate.NOT_TAKEN)
TAKEN = tuple(fate for fate in Fate if fate not in BESIDE)
# A fate goes by its own name; the others are sums that a figure opens.
FILTERS = {
    "": ("All", ()),
    "taken": ("Taken", TAKEN),
    "out": ("Out", (Fate.OUT,)),
    "taking": ("Not handed over yet", (Fate.TAKING,)),
    "home": ("Back", (Fate.RETURNED, Fate.BACK)),
    "returned": ("Returned", (Fate.RETURNED,)),
    "back": ("Already back", (Fate.BACK,)),
    "moved_away": ("Moved", (Fate.MOVED, Fate.MOVED_OUTSIDE)),
    "moved": ("Moved by people", (Fate.MOVED,)),
    "moved_outside": ("Moved in Smartlead", (Fate.MOVED_OUTSIDE,)),
    "kept": ("Kept", (Fate.KEPT,)),
    "superseded": ("Superseded", (Fate.SUPERSEDED,)),
    "carried_over": ("Carried over", (Fate.CARRIED_OVER,)),
    "gone": ("Gone", (Fate.GONE,)),
    "not_taken": ("Not taken", (Fate.NOT_TAKEN,)),
    "not_back": ("Did not go back", NOT_BACK),
    "arrivals": ("Arrived meanwhile", ()),
    "refused": ("Refused", ()),
}
SUMS = (
    "taken",
    "home",
    "moved_away",
    "not_back",
)  # no chip beside those of their parts
ICONS = {
    Fate.OUT: ("to", "Out", ""),
    Fate.TAKING: ("to", "On its way", "muted"),
    Fate.RETURNED: ("check", "Returned", "good"),
    Fate.BACK: ("check", "Back", "good"),
    Fate.MOVED: ("out", "Moved", "warn"),
    Fate.MOVED_OUTSIDE: ("out", "Moved in Smartlead", "warn"),
    Fate.KEPT: ("pin", "Kept", ""),
    Fate.SUPERSEDED: ("down", "Superseded", "muted"),
    Fate.CARRIED_OVER: ("right", "Carried over", "muted"),
    Fate.GONE: ("x", "Gone", "muted"),
    Fate.NOT_TAKEN: ("x", "Not taken", "muted"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    hold: Hold
    rights: Rights
    is_running: bool

    @property
    def refused(self) -> Assignment | None:
        """Return the last move if Smartlead refused it, else None."""
        move = self.hold.move
        is_refused = move is not None and move.state == RowState.REFUSED
        return move if is_refused and self.hold.state != Hold.State.ENDED else None

    @property
    def fate(self) -> Fate:
        return fate_of(self.hold)

    @property
    def look(self) -> tuple[str, str, str]:
        if self.refused:
            return ("x", "Refused", "bad")
        return ICONS[self.fate]

    @property
    def going_to(self) -> str:
        """Return the name of the member to whom the lead is on its way, or ""."""
        move = self.hold.move
        if move is not None and move.is_pending:
            return str(move.to)
        return ""

    @property
    def why(self) -> str:
        if self.refused:
            return self.refused.outcome
        if self.fate in {Fate.OUT, Fate.TAKING}:
            return "Arrived during the absence." if self.hold.is_arrival else ""
        return line_of(self.hold).sentence

    @property
    def may_give_back(self) -> bool:
        """Return True if the button is offered; the service has the last word."""
        hold = self.hold
        if hold.state != Hold.State.LIVE or not self.is_running or self.going_to:
            return False
        mine = {hold.to.user_id, hold.origin.user_id}
        led = {hold.to.team_id, hold.origin.team_id} & self.rights.led_teams
        return self.rights.is_manager or self.rights.user_id in mine or bool(led)

    @property
    def takes_back(self) -> bool:
        """Return True if the lead was taken from the viewer."""
        return self.hold.origin.user_id == self.rights.user_id


class Told(NamedTuple):
    """An event of the coverage, or of one lead of it."""

    at: datetime
    sentence: str
    lead_id: int | None = None
    lead: str = ""


def held_page(
    coverage: Coverage, rights: Rights, *, shown: str, after: Cursor | None
) -> Page[Hold]:
    return page_of(_shown_holds(coverage, shown), order=BY_ID, after=after)


def _shown_holds(coverage: Coverage, shown: str) -> QuerySet[Hold]:
    holds = holds_of(coverage, FILTERS[shown][1])
    if shown == "arrivals":
        return holds.filter(is_arrival=True, taken_at__isnull=False)
    if shown == "refused":
        return holds.filter(pk__in=refused_holds(coverage).values("pk"))
    return holds


def refused_holds(coverage: Coverage) -> QuerySet[Hold]:
    """Return holds whose last move Smartlead refused: they wait for a person."""
    standing = Hold.objects.standing().filter(coverage=coverage)
    return standing.filter(move__state=RowState.REFUSED)


def rows_of(
    holds: Iterable[Hold], rights: Rights, *, coverage: Coverage
) -> list[HeldRow]:
    is_running = coverage.state in RUNNING
    return [HeldRow(hold=hold, rights=rights, is_running=is_running) for hold in holds]


def told_of(coverage: Coverage) -> list[Told]:
    """Return the coverage's events, together with what people did to single leads of
    it.
    """
    events: QuerySet[CoverageEvent] = coverage.events.order_by("-at", "-pk")
    told = [Told(event.at, event.sentence) for event in events[:MOST_EVENTS]]
    by_people = lines(
        coverage,
        (Fate.BACK, Fate.MOVED, Fate.MOVED_OUTSIDE),
        most=MOST_EVENTS,
        newest_first=True,
    )
    told += [
        Told(line.at, line.sentence, line.hold.lead_id, line.hold.lead.name)
        for line in by_people
        if line.at
    ]
    return sorted(told, key=lambda one: one.at, reverse=True)[:MOST_EVENTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The number of the current day of the absence, and of how many."""

    number: int
    total: int

    @property
    def percent(self) -> float:
        return round(100 * self.number / self.total, 1)


def day_of(coverage: Coverage, at: datetime) -> Day:
    zone = zone_of(coverage)
    first = coverage.starts_at.astimezone(zone).date()
    last = (coverage.ends_at - datetime.resolution).astimezone(zone).date()
    total = max(1, (last - first).days + 1)
    number = (at.astimezone(zone).date() - first).days + 1
    return Day(number=min(max(number, 1), total), total=total)


def title_of(coverage: Coverage) -> str:
    return (
        f"{coverage.member}, {absence_in_words(coverage, today=timezone.localdate())}"
    )


def chips_of(tally: Tally, *, refused: int, shown: str) -> list[tuple[str, str, int]]:
    """Return the filters that would show something: name, label, number of leads."""
    counts = {
        name: sum(tally[fate] for fate in fates) for name, (_, fates) in FILTERS.items()
    }
    counts |= {"": tally.holds, "arrivals": tally.arrivals, "refused": refused}
    return [
        (name, label, counts[name])
        for name, (label, _) in FILTERS.items()
        if not name or name == shown or (counts[name] and name not in SUMS)
    ]
