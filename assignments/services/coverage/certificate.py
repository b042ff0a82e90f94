"""What became of each lead that a coverage took: the sum, and the leads behind it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from assignments.models import Assignment, Coverage, Hold, Note
from assignments.models.assignment import Cause

State = Hold.State
Outcome = Hold.Outcome


class Fate(StrEnum):
    """Where a hold stands or how it ended; each hold has exactly one."""

    RETURNED = "returned"
    BACK = "back"
    MOVED = "moved"
    MOVED_OUTSIDE = "moved_outside"
    KEPT = "kept"
    SUPERSEDED = "superseded"
    CARRIED_OVER = "carried_over"
    GONE = "gone"
    OUT = "out"
    NOT_TAKEN = "not_taken"
    TAKING = "taking"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Fate.RETURNED: "returned",
    Fate.BACK: "already back",
    Fate.MOVED: "moved by people",
    Fate.MOVED_OUTSIDE: "moved in Smartlead",
    Fate.KEPT: "kept",
    Fate.SUPERSEDED: "superseded",
    Fate.CARRIED_OVER: "carried over",
    Fate.GONE: "gone from Smartlead",
    Fate.OUT: "still out",
    Fate.NOT_TAKEN: "not taken",
    Fate.TAKING: "on their way",
}

_OUTSIDE = Q(ended_by__cause=Cause.OUTSIDE)
CONDITIONS = {
    Fate.RETURNED: Q(outcome=Outcome.RETURNED),
    Fate.BACK: Q(outcome=Outcome.BACK),
    Fate.MOVED: Q(outcome=Outcome.MOVED) & ~_OUTSIDE,
    Fate.MOVED_OUTSIDE: Q(outcome=Outcome.MOVED) & _OUTSIDE,
    Fate.KEPT: Q(outcome=Outcome.KEPT),
    Fate.SUPERSEDED: Q(outcome=Outcome.SUPERSEDED),
    Fate.CARRIED_OVER: Q(outcome=Outcome.CARRIED_OVER),
    Fate.GONE: Q(outcome=Outcome.GONE),
    Fate.OUT: Q(state=State.LIVE),
    Fate.NOT_TAKEN: Q(outcome=Outcome.NOT_TAKEN),
    Fate.TAKING: Q(state=State.TAKING),
}
BESIDE = (Fate.NOT_TAKEN, Fate.TAKING)  # never taken, so no part of the sum
# What a person wants to read about: neither given back as planned nor on the way.
EXCEPTIONS = tuple(fate for fate in Fate if fate not in {Fate.RETURNED, Fate.TAKING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many holds of a coverage there are of each fate."""

    counts: Mapping[Fate, int]
    arrivals: int = 0
    verified: int = 0

    def __getitem__(self, fate: str) -> int:
        return self.counts.get(Fate(fate), 0)

    @property
    def taken(self) -> int:
        return sum(self[fate] for fate in Fate if fate not in BESIDE)

    @property
    def parts(self) -> list[tuple[Fate, int]]:
        """The summands, without those that are nothing; `returned` always."""
        return [
            (fate, self[fate])
            for fate in Fate
            if fate not in BESIDE and (self[fate] or fate == Fate.RETURNED)
        ]

    @property
    def equation(self) -> str:
        parts = " + ".join(f"{count}" for _, count in self.parts)
        return f"{parts} = {self.taken}"

    # Not named like a fate: templates look a name up among those first.
    @property
    def moved_away(self) -> int:
        return self[Fate.MOVED] + self[Fate.MOVED_OUTSIDE]

    @property
    def not_back(self) -> int:
        return self.taken - self[Fate.RETURNED]

    @property
    def not_out(self) -> int:
        return self.taken - self[Fate.OUT]

    @property
    def home(self) -> int:
        """With the member again, whoever has seen to it."""
        return self[Fate.RETURNED] + self[Fate.BACK]

    @property
    def holds(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What happened to one lead, and when."""

    hold: Hold
    sentence: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    coverage: Coverage
    tally: Tally
    exceptions: list[Line]
    returned: list[Line]
    notes: Mapping[str, int]  # of the return, by state
    first_row: int | None
    last_row: int | None
    returned_from: datetime | None
    returned_to: datetime | None

    @property
    def is_cut(self) -> bool:
        """Whether more went wrong than is listed here."""
        told = self.tally.not_back + self.tally[Fate.NOT_TAKEN]
        return len(self.exceptions) < told


def certificate(coverage: Coverage, *, most: int = 200) -> Certificate:
    """The sum of a coverage; of each list no more than `most` leads."""
    rows = coverage.holds.aggregate(
        first=Min("taken_by"),
        last=Max("ended_by"),
        taken=Max("taken_by"),
        began=Min("ended_at", filter=CONDITIONS[Fate.RETURNED]),
        ended=Max("ended_at", filter=CONDITIONS[Fate.RETURNED]),
    )
    last = max((row for row in (rows["last"], rows["taken"]) if row), default=None)
    return Certificate(
        coverage=coverage,
        tally=tally(coverage),
        exceptions=lines(coverage, EXCEPTIONS, most=most),
        returned=lines(coverage, [Fate.RETURNED], most=most),
        notes=return_notes(coverage),
        first_row=rows["first"],
        last_row=last,
        returned_from=rows["began"],
        returned_to=rows["ended"],
    )


def tally(coverage: Coverage) -> Tally:
    return tallies([coverage]).get(coverage.pk, Tally(counts={}))


def tallies(coverages: Iterable[Coverage]) -> dict[int, Tally]:
    """One query for all of them."""
    holds = Hold.objects.filter(coverage__in=list(coverages)).order_by()
    by_fate = {fate.value: Count("pk", filter=CONDITIONS[fate]) for fate in Fate}
    # Typed by hand: the stubs know only of keys that are written out.
    counted: Any = holds.values("coverage").annotate(
        **by_fate,
        arrivals=Count("pk", filter=Q(is_arrival=True, taken_at__isnull=False)),
        verified=Count(
            "pk",
            filter=CONDITIONS[Fate.RETURNED] & Q(ended_by__verified_at__isnull=False),
        ),
    )
    return {
        row["coverage"]: Tally(
            counts={fate: row[fate.value] for fate in Fate},
            arrivals=row["arrivals"],
            verified=row["verified"],
        )
        for row in counted
    }


def holds_of(coverage: Coverage, fates: Iterable[Fate] = ()) -> QuerySet[Hold]:
    """Its holds with what a line about each needs; without fates all of them."""
    holds = coverage.holds.select_related(
        "lead__owner", "lead__campaign", "origin", "to",
        "ended_by__actor", "ended_by__to", "move__to", "taken_by",
    )  # fmt: skip
    conditions = [CONDITIONS[fate] for fate in fates]
    return holds.filter(reduce(or_, conditions)) if conditions else holds


def lines(
    coverage: Coverage, fates: Iterable[Fate], *, most: int, newest_first: bool = False
) -> list[Line]:
    order = ("-ended_at", "-pk") if newest_first else ("ended_at", "pk")
    holds = holds_of(coverage, fates).order_by(*order)
    return [line_of(hold) for hold in holds[:most]]


def line_of(hold: Hold) -> Line:
    return Line(hold=hold, sentence=_sentence(hold), at=hold.ended_at or hold.taken_at)


def fate_of(hold: Hold) -> Fate:
    if hold.state != State.ENDED:
        return Fate.OUT if hold.state == State.LIVE else Fate.TAKING
    is_outside = hold.ended_by is not None and hold.ended_by.cause == Cause.OUTSIDE
    if hold.outcome == Outcome.MOVED and is_outside:
        return Fate.MOVED_OUTSIDE
    return Fate(hold.outcome)


def return_notes(coverage: Coverage) -> dict[str, int]:
    sent = Note.objects.filter(assignment__ends__coverage=coverage, kind="return")
    counted = sent.order_by().values_list("state")
    return dict(counted.annotate(notes=Count("pk", distinct=True)))


def _sentence(hold: Hold) -> str:
    return SENTENCES[fate_of(hold)](hold)


def _who(hold: Hold) -> str:
    row = hold.ended_by
    if row is None or row.cause == Cause.OUTSIDE or row.actor is None:
        return "Somebody in Smartlead"
    return f"{row.actor}"


def _whom(hold: Hold) -> str:
    return f"{hold.ended_by.to or 'nobody'}" if hold.ended_by else "somebody else"


def _why(hold: Hold) -> str:
    """The reason in quotation marks, where a person wrote one."""
    row = hold.ended_by
    if (
        row is None
        or not row.actor
        or row.reason == f"{row.actor} chose {row.to} by hand."
    ):
        return "."
    return f": “{row.reason}”"


def _outcome(row: Assignment | None) -> str:
    return f": {row.outcome}" if row and row.outcome else "."


SENTENCES: dict[Fate, Callable[[Hold], str]] = {
    Fate.RETURNED: lambda hold: f"From {hold.to} back to {hold.origin}.",
    Fate.BACK: lambda hold: f"{_who(hold)} put it back with {hold.origin}{_why(hold)}",
    Fate.MOVED: lambda hold: f"{_who(hold)} gave it to {_whom(hold)}{_why(hold)}",
    Fate.MOVED_OUTSIDE: lambda hold: (
        f"Moved to {_whom(hold)} in Smartlead, not by Handoff. Left alone."
    ),
    Fate.KEPT: lambda hold: f"Stays with {hold.to}.",
    Fate.SUPERSEDED: lambda _: "A coverage beneath it ended, or dealt it again.",
    Fate.CARRIED_OVER: lambda hold: (
        f"{hold.origin} is away again: the next coverage holds it."
    ),
    Fate.GONE: lambda _: "Smartlead no longer has this lead.",
    Fate.NOT_TAKEN: lambda hold: f"It never went to {hold.to}{_outcome(hold.taken_by)}",
    Fate.TAKING: lambda hold: f"On its way to {hold.to}.",
    Fate.OUT: lambda hold: f"Still with {hold.to}.",
}
