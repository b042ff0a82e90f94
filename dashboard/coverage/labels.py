"""Words of lists and pages about a coverage: its state, its days, its moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from assignments.models import Coverage, Member, User
from assignments.services.absence_wording import (
    absence_in_words,
    away_in_words,
    city_of_zone,
    coverage_zone,
    coverers_in_words,
    day_runs_in_words,
    days_in_words,
    join_names,
)
from assignments.services.coverage.calendar import CalendarCell
from assignments.services.coverage.certificate import StatusCounts
from assignments.services.coverage.lifecycle import was_declined
from assignments.services.periods import clock_time, short_day
from dashboard.permissions import ViewerRights

State = Coverage.State
OVER = (State.COMPLETED, State.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageEntry:
    """A coverage as a line of a list."""

    coverage: Coverage
    rights: ViewerRights
    today: date
    held: int = 0
    gap: Sequence[date] = ()
    tally: StatusCounts | None = None
    seen: int = 0  # its last event, for whoever confirms it
    clash: str = ""  # what else is agreed for these days

    @property
    def returned(self) -> str:
        """Return what became of the leads: `58 taken, 51 returned, 7 not returned.`

        The last part is left out if it is 0. Empty without a tally.
        """
        if self.tally is None:
            return ""
        said = f"{self.tally.taken} taken, {self.tally['returned']} returned"
        rest = self.tally.not_back
        return f"{said}, {rest} not returned." if rest else f"{said}."

    @property
    def member(self) -> Member:
        return self.coverage.member

    @property
    def days(self) -> str:
        return absence_in_words(self.coverage, today=self.today)

    @property
    def when(self) -> str:
        """Return the days for a viewer who may be in another zone, which is named then."""
        return away_in_words(self.coverage, timezone.get_current_timezone())

    @property
    def covered_by(self) -> str:
        return coverers_in_words(self.coverage) or "Nobody"

    @property
    def is_live(self) -> bool:
        return self.coverage.state in {State.STARTING, State.ACTIVE}

    @property
    def has_certificate(self) -> bool:
        return self.coverage.state in {State.RETURNING, State.COMPLETED}

    @property
    def has_ended(self) -> bool:
        return self.coverage.state in {State.RETURNING, *OVER}

    @property
    def may_confirm(self) -> bool:
        is_proposed = self.coverage.state == State.PROPOSED
        return is_proposed and self.rights.may_cover(self.member)

    @property
    def state(self) -> str:
        match self.coverage.state:
            case State.PROPOSED:
                who = "You" if self.may_confirm else "A team lead"
                return f"Proposed by {self.coverage.created_by}. {who} can confirm it"
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
        return f"Nobody covers on {day_runs_in_words(self.gap, today=self.today)}"


STATES = {State.ACTIVE: "Running"}


def state_word(coverage: Coverage) -> str:
    state = State(coverage.state)
    if was_declined(coverage):
        return "Declined"
    return STATES.get(state, str(state.label))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineBar:
    """A bar of the timeline: a short text for the eye, a full one for the ear."""

    cell: CalendarCell
    state: str
    who: str
    said: str

    @property
    def is_short(self) -> bool:
        """Return True for a bar of half a day that is no gap: it has no room for words."""
        return self.cell.is_half and not self.cell.is_gap


def bar_of(cell: CalendarCell, *, held: int, today: date) -> TimelineBar:
    coverage = cell.coverage
    assert coverage is not None  # noqa: S101  asked only of cells with one
    who = coverers_in_words(coverage) or "nobody"
    days = days_in_words(cell.day, cell.last, today=today)
    if cell.is_gap:
        said = f"{days}: nobody covers"
        return TimelineBar(cell=cell, state="Gap", who="nobody", said=said)
    out = f"{held} lead{'' if held == 1 else 's'} out" if held else ""
    state = BAR_STATES[cell.kind]
    return TimelineBar(
        cell=cell,
        state=state,
        who=" · ".join(filter(None, [who, out])),
        said=", ".join(filter(None, [days, state.lower(), f"covered by {who}", out])),
    )


BAR_STATES = {"live": "Away now", "": "Away", "plan": "Proposed", "over": "Was away"}


def entry_of(
    coverage: Coverage,
    rights: ViewerRights,
    *,
    held: Mapping[int, int] | None = None,
    gaps: Mapping[int, Sequence[date]] | None = None,
    tallies: Mapping[int, StatusCounts] | None = None,
    seen: Mapping[int, int] | None = None,
    clashes: Mapping[int, str] | None = None,
) -> CoverageEntry:
    return CoverageEntry(
        coverage=coverage,
        rights=rights,
        today=timezone.localdate(),
        held=(held or {}).get(coverage.pk, 0),
        gap=(gaps or {}).get(coverage.pk, ()),
        tally=(tallies or {}).get(coverage.pk),
        seen=(seen or {}).get(coverage.pk, 0),
        clash=(clashes or {}).get(coverage.pk, ""),
    )


def local_moment(coverage: Coverage) -> str:
    """Return the coverage's end in its own zone: `Sat 16 May, 00:00 Stockholm`."""
    return moment_in(coverage.ends_at, coverage)


def moment_in(at: datetime, coverage: Coverage) -> str:
    local = at.astimezone(coverage_zone(coverage))
    return f"{short_day(local)}, {clock_time(local)} {city_of_zone(coverage.zone)}"


def viewers_moment(at: datetime, zone: str) -> str:
    """Return `at` in the viewer's zone: `Sat 16 May, 09:00 in Lagos, your time`.

    The day is left out if it is the same in `zone`. `Same in Lagos, your time` if both
    clocks agree at that moment. Empty if both zones have the same city.
    """
    if viewers_city() == city_of_zone(zone):
        return ""
    theirs, yours = at.astimezone(ZoneInfo(zone)), timezone.localtime(at)
    if theirs.utcoffset() == yours.utcoffset():
        return f"Same in {viewers_city()}, your time"
    day = "" if theirs.date() == yours.date() else f"{short_day(yours)}, "
    return f"{day}{yours:%H:%M} in {viewers_city()}, your time"


def viewers_city() -> str:
    return city_of_zone(timezone.get_current_timezone_name())


def act_sentence(
    name: str, coverage: Coverage, tally: StatusCounts, *, told: Sequence[User] = ()
) -> str:
    """Return what the action `name` (a key of ACTS) will do, to be read before it is
    done. Only the sentence for `end` uses `tally`, those for `decline` and `cancel`
    name who is `told`. Raises KeyError for another name.
    """
    member, keeps = coverage.member, coverage.on_return == Coverage.OnReturn.KEEP
    is_own = coverage.created_by_id == member.user_id
    whose = "" if is_own else f" absence of {member}"
    proposed = f"{coverage.created_by} proposed this{whose}."
    ends = "Those who cover keep the leads" if keeps else "The leads go back"
    sentences = {
        "confirm": f"{proposed} Once you confirm it, it starts by itself on its first "
        "day.",
        "decline": f"{proposed} If you decline it, no lead moves."
        f"{_told(told, coverage.created_by)}",
        "start": f"The coverage starts now instead of on its first day: {member} counts "
        "as away, and the leads begin to move.",
        "extend": "The leads stay with those who cover until the new last day.",
        "shorten": f"{ends} after the new last day. If you choose a day in the past, the "
        "coverage ends now.",
        "end": _end_sentence(coverage, tally),
        "cancel": f"No lead has moved yet. {member} keeps all of them."
        f"{_told(told, member.user)}",
        "coverer": "Whoever you choose takes over the share and all leads, from now on. "
        "They must be at work today.",
    }
    return sentences[name]


def _told(users: Sequence[User], named: User | None) -> str:
    """Return who is told; `named`, whom the words before name in full, by first name."""
    if not users:
        return ""
    names = [f"{one}".partition(" ")[0] if one == named else f"{one}" for one in users]
    are = "is" if len(users) == 1 else "are"
    return f" {join_names(names)} {are} told, with your reason."


def _end_sentence(coverage: Coverage, tally: StatusCounts) -> str:
    """Return what ending does with each lead, by the figures of the coverage's page."""
    return " ".join(
        filter(
            None,
            [
                _out_sentence(coverage, tally["out"]),
                _on_the_way_sentence(tally["taking"]),
                _settled_sentence(coverage, tally),
            ],
        )
    )


def _out_sentence(coverage: Coverage, out: int) -> str:
    if not out:
        return "No lead is out any more."
    leads, it = (
        ("1 lead is out", "goes") if out == 1 else (f"{out} leads are out", "go")
    )
    if coverage.on_return == Coverage.OnReturn.KEEP:
        stay = "stays" if out == 1 else "stay"
        return f"{leads} and {stay} with those who cover, as planned."
    note = ", each with the return note" if coverage.return_note else ""
    return f"{leads} and {it} back to {coverage.member}{note}."


def _on_the_way_sentence(taking: int) -> str:
    if not taking:
        return ""
    if taking == 1:
        return "1 more is on its way out: it is stopped, or comes back."
    return f"{taking} more are on their way out: they are stopped, or come back."


def _settled_sentence(coverage: Coverage, tally: StatusCounts) -> str:
    """Return which leads ending does not touch; empty if there are none."""
    others = tally.not_out - tally.home - tally.moved_away
    parts = [
        f"{tally.home} back with {coverage.member} already" if tally.home else "",
        f"{tally.moved_away} moved by people" if tally.moved_away else "",
        f"{others} settled otherwise" if others else "",
    ]
    said = join_names([part for part in parts if part])
    return f"Nothing changes for {said}." if said else ""


def end_button(coverage: Coverage, tally: StatusCounts) -> str:
    out = tally["out"]
    if coverage.on_return == Coverage.OnReturn.KEEP or not out:
        return "End it now"
    return f"Return {out} lead{'' if out == 1 else 's'} now"


def ended_words(coverage: Coverage, tally: StatusCounts) -> str:
    """Return what ending early has set off, by the figures of the coverage's page."""
    out = tally["out"]
    if not out:
        return "Ended. No lead was out."
    if coverage.on_return == Coverage.OnReturn.KEEP:
        return f"Ended. {out} lead{'' if out == 1 else 's'} stay with those who cover."
    leads = "1 lead goes" if out == 1 else f"{out} leads go"
    return f"Ended. {leads} back to {coverage.member}; you can follow it here."
