"""The page of a coverage: its state, its leads, its actions, its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from assignments.models import Assignment, Coverage, CoverageEvent, Hold
from assignments.models.assignment import State as RowState
from assignments.services.absence_wording import absence_in_words, coverage_zone
from assignments.services.coverage.certificate import (
    EXCEPTIONS,
    NEVER_TAKEN,
    HoldStatus,
    StatusCounts,
    certificate_line,
    certificate_lines,
    holds_with_status,
    status_of_hold,
)
from assignments.services.coverage.progress import CoverageProgress
from assignments.services.sight import Sight
from dashboard.pagination import Cursor, Order, Page, page_of
from dashboard.permissions import ViewerRights

State = Coverage.State
BY_ID = Order(first="pk", key="pk", descending=False)
RUNNING = (State.STARTING, State.ACTIVE, State.RETURNING)
MOST_EVENTS = 30
NOT_BACK = tuple(fate for fate in EXCEPTIONS if fate != HoldStatus.NOT_TAKEN)
TAKEN = tuple(fate for fate in HoldStatus if fate not in NEVER_TAKEN)
# A fate goes by its own name; the others are sums that a figure opens.
FILTERS = {
    "": ("All", ()),
    "taken": ("Taken", TAKEN),
    "out": ("Out", (HoldStatus.OUT,)),
    "taking": ("Not handed over yet", (HoldStatus.TAKING,)),
    "home": ("Back", (HoldStatus.RETURNED, HoldStatus.BACK)),
    "returned": ("Returned", (HoldStatus.RETURNED,)),
    "back": ("Already back", (HoldStatus.BACK,)),
    "moved_away": ("Moved", (HoldStatus.MOVED, HoldStatus.MOVED_OUTSIDE)),
    "moved": ("Moved by people", (HoldStatus.MOVED,)),
    "moved_outside": ("Moved in Smartlead", (HoldStatus.MOVED_OUTSIDE,)),
    "kept": ("Kept", (HoldStatus.KEPT,)),
    "superseded": ("Superseded", (HoldStatus.SUPERSEDED,)),
    "carried_over": ("Carried over", (HoldStatus.CARRIED_OVER,)),
    "gone": ("Gone", (HoldStatus.GONE,)),
    "not_taken": ("Not taken", (HoldStatus.NOT_TAKEN,)),
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
    HoldStatus.OUT: ("to", "Out", ""),
    HoldStatus.TAKING: ("to", "On its way", "muted"),
    HoldStatus.RETURNED: ("check", "Returned", "good"),
    HoldStatus.BACK: ("check", "Back", "good"),
    HoldStatus.MOVED: ("out", "Moved", "warn"),
    HoldStatus.MOVED_OUTSIDE: ("out", "Moved in Smartlead", "warn"),
    HoldStatus.KEPT: ("pin", "Kept", ""),
    HoldStatus.SUPERSEDED: ("down", "Superseded", "muted"),
    HoldStatus.CARRIED_OVER: ("right", "Carried over", "muted"),
    HoldStatus.GONE: ("x", "Gone", "muted"),
    HoldStatus.NOT_TAKEN: ("x", "Not taken", "muted"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    hold: Hold
    rights: ViewerRights
    is_running: bool

    @property
    def refused(self) -> Assignment | None:
        """Return the hold's current move if Smartlead refused it and the hold has not
        ended; else None.
        """
        move = self.hold.move
        is_refused = move is not None and move.state == RowState.REFUSED
        return move if is_refused and self.hold.state != Hold.State.ENDED else None

    @property
    def fate(self) -> HoldStatus:
        return status_of_hold(self.hold)

    @property
    def look(self) -> tuple[str, str, str]:
        if self.refused:
            return ("x", "Refused", "bad")
        return ICONS[self.fate]

    @property
    def going_to(self) -> str:
        """Return the name of the member to whom a pending move takes the lead; empty
        without one.
        """
        move = self.hold.move
        if move is not None and move.is_pending:
            return str(move.to)
        return ""

    @property
    def why(self) -> str:
        if self.refused:
            return self.refused.outcome
        if self.fate in {HoldStatus.OUT, HoldStatus.TAKING}:
            return "Arrived during the absence." if self.hold.is_arrival else ""
        return certificate_line(self.hold).sentence

    @property
    def may_give_back(self) -> bool:
        """Return True if the button is shown; the service checks again.

        Needed are a live hold of a running coverage without a pending move, and a
        viewer who is a sales manager, the hold's `to` or `origin`, or leads the team of
        one of these two.
        """
        hold = self.hold
        if hold.state != Hold.State.LIVE or not self.is_running or self.going_to:
            return False
        mine = {hold.to.user_id, hold.origin.user_id}
        led = {hold.to.team_id, hold.origin.team_id} & self.rights.led_teams
        return self.rights.is_manager or self.rights.user_id in mine or bool(led)

    @property
    def back_address(self) -> str:
        act = "take_back" if self.takes_back else "hand_back"
        return reverse(act, args=[self.hold.coverage_id, self.hold.lead_id])

    @property
    def takes_back(self) -> bool:
        """Return True if the viewer is the member from whom the lead was taken."""
        return self.hold.origin.user_id == self.rights.user_id


class HistoryLine(NamedTuple):
    """An event of the coverage, or of one lead of it."""

    at: datetime
    sentence: str
    lead_id: int | None = None
    lead: str = ""


def held_page(
    coverage: Coverage, rights: ViewerRights, *, shown: str, after: Cursor | None
) -> Page[Hold]:
    holds = _shown_holds(coverage, rights.sight, shown)
    return page_of(holds, order=BY_ID, after=after)


def _shown_holds(coverage: Coverage, sight: Sight, shown: str) -> QuerySet[Hold]:
    holds = holds_with_status(coverage, FILTERS[shown][1], sight=sight)
    if shown == "arrivals":
        return holds.filter(is_arrival=True, taken_at__isnull=False)
    if shown == "refused":
        return holds.filter(pk__in=refused_holds(coverage, sight).values("pk"))
    return holds


def refused_holds(coverage: Coverage, sight: Sight) -> QuerySet[Hold]:
    """Return the coverage's holds that have not ended and whose current move Smartlead
    refused. They wait for a person. Only of leads that are seen.
    """
    seen = Hold.objects.standing().filter(sight.leads("lead__"))
    standing = seen.filter(coverage=coverage)
    return standing.filter(move__state=RowState.REFUSED)


def rows_of(
    holds: Iterable[Hold], rights: ViewerRights, *, coverage: Coverage
) -> list[HeldRow]:
    is_running = coverage.state in RUNNING
    return [HeldRow(hold=hold, rights=rights, is_running=is_running) for hold in holds]


def coverage_history(coverage: Coverage, sight: Sight) -> list[HistoryLine]:
    """Return the newest MOST_EVENTS of the coverage's events and of moves of single
    leads, newest first.

    Moves are those that left leads BACK, MOVED or MOVED_OUTSIDE and whose moment is
    known. Their lines have the id and name of the lead; those of events have None and
    an empty name.
    """
    events: QuerySet[CoverageEvent] = coverage.events.order_by("-at", "-pk")
    told = [HistoryLine(event.at, event.sentence) for event in events[:MOST_EVENTS]]
    by_people = certificate_lines(
        coverage,
        (HoldStatus.BACK, HoldStatus.MOVED, HoldStatus.MOVED_OUTSIDE),
        most=MOST_EVENTS,
        newest_first=True,
        sight=sight,
    )
    told += [
        HistoryLine(line.at, line.sentence, line.hold.lead_id, line.hold.lead.name)
        for line in by_people
        if line.at
    ]
    return sorted(told, key=lambda one: one.at, reverse=True)[:MOST_EVENTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceDay:
    """The number of the current day of the absence, and of how many."""

    number: int
    total: int

    @property
    def percent(self) -> float:
        return round(100 * self.number / self.total, 1)


def day_of(coverage: Coverage, at: datetime) -> AbsenceDay:
    zone = coverage_zone(coverage)
    first = coverage.starts_at.astimezone(zone).date()
    last = (coverage.ends_at - datetime.resolution).astimezone(zone).date()
    total = max(1, (last - first).days + 1)
    number = (at.astimezone(zone).date() - first).days + 1
    return AbsenceDay(number=min(max(number, 1), total), total=total)


def left_words(coverage: Coverage, progress: CoverageProgress) -> str:
    """Return what is still to do: `14 leads on the way, 10 notes to send`.

    `on the way back` if the coverage is returning. A part that is 0 is left out; empty
    if both are.
    """
    left, notes = progress.waiting, progress.notes
    way = "on the way back" if coverage.state == State.RETURNING else "on the way"
    parts = []
    if left:
        parts.append(f"{left} lead{'' if left == 1 else 's'} {way}")
    if notes:
        parts.append(f"{notes} note{'' if notes == 1 else 's'} to send")
    return ", ".join(parts)


def sum_words(coverage: Coverage, tally: StatusCounts) -> str:
    """Return the result: `58 taken, 51 back with Ana Berg, 2 left where people put
    them.` The last part is left out if it is 0.
    """
    said = f"{tally.taken} taken, {tally.home} back with {coverage.member}"
    moved = tally.moved_away
    return f"{said}, {moved} left where people put them." if moved else f"{said}."


def nothing_held(coverage: Coverage, shown: str) -> str:
    """Return the sentence that stands in place of an empty list of leads.

    `No lead here.` with a filter (`shown`); `No lead was taken.` unless the coverage is
    starting or active; else that the member had none, and whether arrivals are taken.
    """
    if shown:
        return "No lead here."
    if coverage.state not in {State.STARTING, State.ACTIVE}:
        return "No lead was taken."
    leaves = coverage.arrivals == Coverage.Arrivals.LEAVE
    but = ", but this coverage leaves new leads alone" if leaves else ""
    return (
        f"{coverage.member} had no lead to cover. "
        f"What arrives is taken within a minute{but}."
    )


def title_of(coverage: Coverage) -> str:
    return (
        f"{coverage.member}, {absence_in_words(coverage, today=timezone.localdate())}"
    )


def chips_of(
    tally: StatusCounts, *, refused: int, shown: str
) -> list[tuple[str, str, int]]:
    """Return (name, label, number of leads) of filters, in the order of FILTERS.

    Always `All` and the one that is shown; of the others those with leads, without
    SUMS.
    """
    counts = {
        name: sum(tally[fate] for fate in fates) for name, (_, fates) in FILTERS.items()
    }
    counts |= {"": tally.holds, "arrivals": tally.arrivals, "refused": refused}
    return [
        (name, label, counts[name])
        for name, (label, _) in FILTERS.items()
        if not name or name == shown or (counts[name] and name not in SUMS)
    ]
