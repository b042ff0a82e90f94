"""Results of a coverage: counts of its leads, and the sentences about each of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from assignments.models import Assignment, Coverage, Hold, Note
from assignments.models.assignment import Cause
from assignments.services.sight import EVERYTHING, Sight

State = Hold.State
Outcome = Hold.Outcome


class HoldStatus(StrEnum):
    """The state or the end of a hold; each hold has exactly one of these."""

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
    HoldStatus.RETURNED: "returned",
    HoldStatus.BACK: "already back",
    HoldStatus.MOVED: "moved by people",
    HoldStatus.MOVED_OUTSIDE: "moved in Smartlead",
    HoldStatus.KEPT: "kept",
    HoldStatus.SUPERSEDED: "superseded",
    HoldStatus.CARRIED_OVER: "carried over",
    HoldStatus.GONE: "gone from Smartlead",
    HoldStatus.OUT: "still out",
    HoldStatus.NOT_TAKEN: "not taken",
    HoldStatus.TAKING: "on their way",
}

_MOVED_OUTSIDE = Q(ended_by__cause=Cause.OUTSIDE)
CONDITIONS = {
    HoldStatus.RETURNED: Q(outcome=Outcome.RETURNED),
    HoldStatus.BACK: Q(outcome=Outcome.BACK),
    HoldStatus.MOVED: Q(outcome=Outcome.MOVED) & ~_MOVED_OUTSIDE,
    HoldStatus.MOVED_OUTSIDE: Q(outcome=Outcome.MOVED) & _MOVED_OUTSIDE,
    HoldStatus.KEPT: Q(outcome=Outcome.KEPT),
    HoldStatus.SUPERSEDED: Q(outcome=Outcome.SUPERSEDED),
    HoldStatus.CARRIED_OVER: Q(outcome=Outcome.CARRIED_OVER),
    HoldStatus.GONE: Q(outcome=Outcome.GONE),
    HoldStatus.OUT: Q(state=State.LIVE),
    HoldStatus.NOT_TAKEN: Q(outcome=Outcome.NOT_TAKEN),
    HoldStatus.TAKING: Q(state=State.TAKING),
}
NEVER_TAKEN = (HoldStatus.NOT_TAKEN, HoldStatus.TAKING)  # no part of the sum
# What the certificate lists: neither given back as planned nor on the way.
EXCEPTIONS = tuple(
    fate for fate in HoldStatus if fate not in {HoldStatus.RETURNED, HoldStatus.TAKING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCounts:
    """Numbers of the holds of a coverage in each status.

    `arrivals` came after the start; of `verified` Smartlead has confirmed the return.
    """

    counts: Mapping[HoldStatus, int]
    arrivals: int = 0
    verified: int = 0
    unseen: int = 0  # holds of leads that the viewer does not see: in no other number

    def __getitem__(self, fate: str) -> int:
        return self.counts.get(HoldStatus(fate), 0)

    @property
    def taken(self) -> int:
        """Return how many leads were ever held: all holds but `not_taken` and `taking`."""
        return sum(self[fate] for fate in HoldStatus if fate not in NEVER_TAKEN)

    @property
    def parts(self) -> list[tuple[HoldStatus, int]]:
        """Return (status, count) of the summands of `taken`, by HoldStatus.

        Counts of 0 are left out, but for `returned`.
        """
        return [
            (fate, self[fate])
            for fate in HoldStatus
            if fate not in NEVER_TAKEN and (self[fate] or fate == HoldStatus.RETURNED)
        ]

    @property
    def equation(self) -> str:
        """Return the counts of `parts` as a sum: `12 + 1 = 13`."""
        parts = " + ".join(f"{count}" for _, count in self.parts)
        return f"{parts} = {self.taken}"

    # Not named like a status: templates look names up among those first.
    @property
    def moved_away(self) -> int:
        return self[HoldStatus.MOVED] + self[HoldStatus.MOVED_OUTSIDE]

    @property
    def not_back(self) -> int:
        """Return `taken` less the holds with status `returned`."""
        return self.taken - self[HoldStatus.RETURNED]

    @property
    def not_out(self) -> int:
        return self.taken - self[HoldStatus.OUT]

    @property
    def home(self) -> int:
        """Return how many leads are with the member again: `returned` plus `back`."""
        return self[HoldStatus.RETURNED] + self[HoldStatus.BACK]

    @property
    def holds(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLine:
    """One hold with what happened to its lead; `at` is None while it is on its way."""

    hold: Hold
    sentence: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCertificate:
    """Everything the certificate of a coverage shows.

    `notes`: return notes by state. `first_row` and `last_row`: ids of ledger rows; they
    and the moments of the returns are None if there are none.
    """

    coverage: Coverage
    tally: StatusCounts
    exceptions: list[CertificateLine]
    returned: list[CertificateLine]
    notes: Mapping[str, int]  # of the return, by state
    first_row: int | None
    last_row: int | None
    returned_from: datetime | None
    returned_to: datetime | None

    @property
    def is_cut(self) -> bool:
        """Return whether more leads are `not_back` or `not_taken` than are listed."""
        total = self.tally.not_back + self.tally[HoldStatus.NOT_TAKEN]
        return len(self.exceptions) < total


def certificate(
    coverage: Coverage, *, most: int = 200, sight: Sight = EVERYTHING
) -> CoverageCertificate:
    """Return the certificate of a coverage, with at most `most` leads in each list.

    Only of leads that are seen; `tally.unseen` counts the others.

    `exceptions` are the holds neither returned nor on their way. `first_row` is the
    lowest id of rows that took a lead, `last_row` the highest that took or ended a
    hold; `returned_from` and `returned_to` are the first and last end of returned
    holds.
    """
    rows = coverage.holds.filter(sight.leads("lead__")).aggregate(
        first=Min("taken_by"),
        last=Max("ended_by"),
        taken=Max("taken_by"),
        began=Min("ended_at", filter=CONDITIONS[HoldStatus.RETURNED]),
        ended=Max("ended_at", filter=CONDITIONS[HoldStatus.RETURNED]),
    )
    last = max((row for row in (rows["last"], rows["taken"]) if row), default=None)
    return CoverageCertificate(
        coverage=coverage,
        tally=status_counts(coverage, sight=sight),
        exceptions=certificate_lines(coverage, EXCEPTIONS, most=most, sight=sight),
        returned=certificate_lines(
            coverage, [HoldStatus.RETURNED], most=most, sight=sight
        ),
        notes=return_note_counts(coverage, sight),
        first_row=rows["first"],
        last_row=last,
        returned_from=rows["began"],
        returned_to=rows["ended"],
    )


def status_counts(coverage: Coverage, *, sight: Sight = EVERYTHING) -> StatusCounts:
    """Return the counts of one coverage's leads that are seen; all 0 without holds."""
    found = status_counts_by_coverage([coverage], sight=sight)
    seen = found.get(coverage.pk, StatusCounts(counts={}))
    if sight.sees_all:
        return seen
    return replace(seen, unseen=coverage.holds.count() - seen.holds)


def status_counts_by_coverage(
    coverages: Iterable[Coverage], *, sight: Sight = EVERYTHING
) -> dict[int, StatusCounts]:
    """Return the counts by coverage id, in one query; those without holds are left out.

    Only leads that are seen count; `unseen` is left at 0. `arrivals` counts arrivals
    that were taken, `verified` returned holds whose last row is verified.
    """
    known = Hold.objects.filter(coverage__in=list(coverages)).order_by()
    holds = known.filter(sight.leads("lead__"))
    by_status = {
        fate.value: Count("pk", filter=CONDITIONS[fate]) for fate in HoldStatus
    }
    # Typed by hand: the stubs know only of keys that are written out.
    rows: Any = holds.values("coverage").annotate(
        **by_status,
        arrivals=Count("pk", filter=Q(is_arrival=True, taken_at__isnull=False)),
        verified=Count(
            "pk",
            filter=CONDITIONS[HoldStatus.RETURNED]
            & Q(ended_by__verified_at__isnull=False),
        ),
    )
    return {
        row["coverage"]: StatusCounts(
            counts={fate: row[fate.value] for fate in HoldStatus},
            arrivals=row["arrivals"],
            verified=row["verified"],
        )
        for row in rows
    }


def holds_with_status(
    coverage: Coverage,
    fates: Iterable[HoldStatus] = (),
    *,
    sight: Sight = EVERYTHING,
) -> QuerySet[Hold]:
    """Return the coverage's holds with a status in `fates` (empty: all), unsorted.

    Only of leads that are seen. Lead, owner, campaign, members and ledger rows are joined.
    """
    holds = coverage.holds.filter(sight.leads("lead__")).select_related(
        "lead__owner", "lead__campaign", "origin", "to",
        "ended_by__actor", "ended_by__to", "move__to", "taken_by",
    )  # fmt: skip
    conditions = [CONDITIONS[fate] for fate in fates]
    return holds.filter(reduce(or_, conditions)) if conditions else holds


def certificate_lines(
    coverage: Coverage,
    fates: Iterable[HoldStatus],
    *,
    most: int,
    newest_first: bool = False,
    sight: Sight = EVERYTHING,
) -> list[CertificateLine]:
    """Return lines of the holds with a status in `fates` (empty: all), at most `most`.

    The oldest end comes first, with `newest_first` the newest.
    """
    order = ("-ended_at", "-pk") if newest_first else ("ended_at", "pk")
    holds = holds_with_status(coverage, fates, sight=sight).order_by(*order)
    return [certificate_line(hold) for hold in holds[:most]]


def certificate_line(hold: Hold) -> CertificateLine:
    """Return the hold with a sentence about its lead.

    `at` is when it ended, else when it was taken, else None.
    """
    return CertificateLine(
        hold=hold, sentence=_sentence(hold), at=hold.ended_at or hold.taken_at
    )


def status_of_hold(hold: Hold) -> HoldStatus:
    """Return the status of one hold, as `CONDITIONS` select it in queries.

    A live hold is `out`, a planned one `taking`; an ended one has its outcome as
    status, or `moved_outside` if it was moved by a row with the cause OUTSIDE.
    """
    if hold.state != State.ENDED:
        return HoldStatus.OUT if hold.state == State.LIVE else HoldStatus.TAKING
    is_outside = hold.ended_by is not None and hold.ended_by.cause == Cause.OUTSIDE
    if hold.outcome == Outcome.MOVED and is_outside:
        return HoldStatus.MOVED_OUTSIDE
    return HoldStatus(hold.outcome)


def return_note_counts(coverage: Coverage, sight: Sight = EVERYTHING) -> dict[str, int]:
    """Return the number of return notes by note state.

    They are notes of rows that ended the coverage's holds; states without any are left
    out.
    """
    notes = Note.objects.filter(
        sight.leads("lead__"), assignment__ends__coverage=coverage, kind="return"
    )
    by_state = notes.order_by().values_list("state")
    return dict(by_state.annotate(notes=Count("pk", distinct=True)))


def _sentence(hold: Hold) -> str:
    return SENTENCES[status_of_hold(hold)](hold)


def _mover(hold: Hold) -> str:
    """Return the actor of the row that ended the hold, as text.

    It is “Somebody in Smartlead” without a row or actor, or for the cause OUTSIDE.
    """
    row = hold.ended_by
    if row is None or row.cause == Cause.OUTSIDE or row.actor is None:
        return "Somebody in Smartlead"
    return f"{row.actor}"


def _new_owner(hold: Hold) -> str:
    return f"{hold.ended_by.to or 'nobody'}" if hold.ended_by else "somebody else"


def _quoted_reason(hold: Hold) -> str:
    """Return `: “reason”` of the row that ended the hold.

    It is "." without a row or actor, or if the reason is the default one of a choice by
    hand.
    """
    row = hold.ended_by
    if (
        row is None
        or not row.actor
        or row.reason == f"{row.actor} chose {row.to} by hand."
    ):
        return "."
    return f": “{row.reason}”"


def _refusal(row: Assignment | None) -> str:
    return f": {row.outcome}" if row and row.outcome else "."


SENTENCES: dict[HoldStatus, Callable[[Hold], str]] = {
    HoldStatus.RETURNED: lambda hold: f"From {hold.to} back to {hold.origin}.",
    HoldStatus.BACK: lambda hold: (
        f"{_mover(hold)} put it back with {hold.origin}{_quoted_reason(hold)}"
    ),
    HoldStatus.MOVED: lambda hold: (
        f"{_mover(hold)} gave it to {_new_owner(hold)}{_quoted_reason(hold)}"
    ),
    HoldStatus.MOVED_OUTSIDE: lambda hold: (
        f"Moved to {_new_owner(hold)} in Smartlead, not by Handoff. Left alone."
    ),
    HoldStatus.KEPT: lambda hold: f"Stays with {hold.to}.",
    HoldStatus.SUPERSEDED: lambda _: "A coverage beneath it ended, or dealt it again.",
    HoldStatus.CARRIED_OVER: lambda hold: (
        f"{hold.origin} is away again: the next coverage holds it."
    ),
    HoldStatus.GONE: lambda _: "Smartlead no longer has this lead.",
    HoldStatus.NOT_TAKEN: lambda hold: (
        f"It never went to {hold.to}{_refusal(hold.taken_by)}"
    ),
    HoldStatus.TAKING: lambda hold: f"On its way to {hold.to}.",
    HoldStatus.OUT: lambda hold: f"Still with {hold.to}.",
}
