"""Handoff beside the model: what comes true is reported to it, the rest is compared.

Everything is real but the wire: `deliver` does for a row what a dispatcher does once it
has read the lead, at a moment of the test's own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from assignments.models import (
    Assignment,
    Coverage,
    CoveredLead,
    Hold,
    Lead,
    Member,
    Note,
    User,
)
from assignments.models.assignment import State
from assignments.services.coverage import tick
from assignments.services.ledger import preconditions
from assignments.services.ledger.ownership import record_owner_write
from assignments.services.ledger.transitions import finalize
from tests.assignments.services.coverage.model import Lead as Told
from tests.assignments.services.coverage.model import Model
from tests.factories import MONDAY, make_lead, make_manager, make_member

MEMBERS, LEADS = 4, 4
LIVE, TAKING = Hold.State.LIVE, Hold.State.TAKING
NOT_TAKEN = Hold.Outcome.NOT_TAKEN
NOTHING = (-1, -1)

# Read at every step: put into SQL once, which takes longer than to run it.
READS: dict[str, Callable[[], QuerySet[Any, Any]]] = {
    "owners": lambda: Lead.objects.values_list("pk", "owner"),
    "pending": lambda: Assignment.objects.pending().values_list(
        "lead", "pk", "expected", "to", "state", "cause", "batch"
    ),
    "holds": lambda: Hold.objects.order_by("pk").values_list(
        "lead", "coverage", "origin", "to", "state", "outcome", "taken_at", "move"
    ),
    "covered": lambda: CoveredLead.objects.values_list(
        "lead", "coverage", "start_noted_at", "return_noted_at"
    ),
    "notes": lambda: Note.objects.values_list("lead", "pk"),
}


@cache
def _statement(name: str) -> tuple[str, tuple[Any, ...]]:
    return READS[name]().query.sql_with_params()


def read(name: str) -> dict[int, list[tuple[Any, ...]]]:
    """Rows by their lead."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(*_statement(name))
        for lead, *row in cursor.fetchall():
            found[lead].append(tuple(row))
    return found


@dataclass
class ModelComparison:
    members: list[Member] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    coverages: list[Coverage] = field(default_factory=list)
    is_down: bool = False
    looks: int = -1
    hours: int = 0

    def __post_init__(self) -> None:
        self.boss: User = make_manager()
        self.members = [make_member(f"M{n}") for n in range(MEMBERS)]
        self.numbers = {member.pk: n for n, member in enumerate(self.members)}
        owners = [n % (MEMBERS - 1) for n in range(LEADS)]
        self.leads = [make_lead(owner=self.members[n]) for n in owners]
        self.model = Model(owners, MEMBERS, MONDAY)
        self.refusing: set[int] = set()
        # By the row of a person's decision: the lead before it, and just after.
        self.decided: dict[int, tuple[Told, Told]] = {}

    @property
    def at(self) -> datetime:
        """The full hour, and a moment later with each look, for both."""
        self.looks += 1
        self.model.now = self.hour(self.hours) + timedelta(microseconds=self.looks)
        return self.model.now

    def hour(self, hours: int) -> datetime:
        return MONDAY + timedelta(hours=hours)

    def each(self) -> Iterable[tuple[Lead, Told]]:
        return zip(self.leads, self.model.leads, strict=True)

    # ── Ticks and the wire ──────────────────────────────────────────────────────
    def tick_and_judge(self, *, late: int = 0, times: int = 1) -> None:
        """`late`: by a clock that many hours slow."""
        firm = {n for n, row in self.look().items() if self._is_firm(row)}
        at = self.at - timedelta(hours=late)
        report = tick.tick(at)
        assert not report.failed, "a coverage could not be planned"
        self.model.tick(at)
        planned = self.look()
        for number, told in enumerate(self.model.leads):
            if number not in firm:
                self._judge(told, planned.get(number))
        for _ in range(1, times):
            tick.tick(at)
            assert self.look() == planned, "a second tick changed something"

    def _judge(self, told: Told, row: Assignment | None) -> None:
        due = self.model.due(told)
        is_vain = row is not None and self.numbers[row.expected_id] != told.owner
        if due or not is_vain:
            message = f"planned {told.coming}, not one of {due}"
            assert told.coming in (due or {NOTHING}), message

    def _is_firm(self, row: Assignment) -> bool:
        return row.state == State.SENDING or not row.is_plan

    def look(self) -> dict[int, Assignment]:
        """What waits or is being sent, by lead; the model is told where it is going."""
        rows, holds, pending = read("pending"), read("holds"), {}
        for number, (lead, told) in enumerate(self.each()):
            told.coming = NOTHING
            for pk, expected, to, state, cause, batch in rows[lead.pk]:
                coverage = self._coverage(pk, holds[lead.pk])
                told.coming = (coverage, self.numbers[to])
                pending[number] = Assignment(
                    pk=pk,
                    expected_id=expected,
                    to_id=to,
                    state=state,
                    cause=cause,
                    batch_id=batch,
                )
        return pending

    def _coverage(self, row: int, holds: list[tuple[Any, ...]]) -> int:
        """The one that takes the lead, not the one from which it is carried over."""
        moved = [
            (state == LIVE, pk)
            for pk, _, _, state, *_, move in holds
            if state in (LIVE, TAKING) and move == row
        ]
        return self.places[min(moved)[1]] if moved else NOTHING[0]

    @property
    def places(self) -> dict[int, int]:
        return {coverage.pk: n for n, coverage in enumerate(self.coverages)}

    def deliver(self) -> None:
        while pending := self.look():
            for number, row in sorted(pending.items()):
                is_refused = number in self.refusing
                self.refusing.discard(number)
                self._send(number, row.pk, refused=is_refused)

    def _send(self, number: int, pk: int, *, refused: bool) -> None:
        row = Assignment.objects.select_related("lead", "to").get(pk=pk)
        at = self.at
        if row.lead.owner_id != row.expected_id:
            finalize(row, state=State.OVERTAKEN, outcome="Faster.", at=at)
        elif why_not := preconditions.why_not_send(row, at):
            finalize(row, state=State.CANCELLED, outcome=why_not, at=at)
        elif refused or not row.to.is_active:
            self._report(number, row, refused=True)
            finalize(row, state=State.REFUSED, outcome="No.", at=at)
        else:
            self._report(number, row, refused=False)
            finalize(row, state=State.DONE, outcome="", at=at)
            record_owner_write(row.lead, owner_id=row.to_id, sure_at=at, answered_at=at)

    # ── Reports to the model ────────────────────────────────────────────────────
    def _report(self, number: int, row: Assignment, *, refused: bool) -> None:
        told = self.model.leads[number]
        coverage, to = told.coming
        if coverage == NOTHING[0]:
            if not refused:
                self.report_given(number, row)
        elif refused and not self._is_early(row, coverage):
            told.refused[coverage] = to
        elif not refused:
            self.model.moved(told, coverage, to, by_hand=not row.is_plan)

    def _is_early(self, row: Assignment, coverage: int) -> bool:
        """Handed back before the end: refused, it counts as if nobody had asked."""
        over = Coverage.objects.filter(pk=self.coverages[coverage].pk)
        over = over.filter(returning_at__lte=row.created_at)
        return not row.is_plan and not over.exists()

    def report_given(self, number: int, row: Assignment) -> None:
        told, to = self.model.leads[number], self.numbers[row.to_id]
        before = deepcopy(told)
        undone, _ = self.decided.get(row.reverses_id, (None, None))
        if undone is None or not self.model.undone(told, undone):
            until = "back" if row.until_back else "good"
            # An undo restores what was decided before the row that it reverses.
            clicked = row.reverses.created_at if row.reverses else row.created_at
            self.model.given(told, to, clicked, until)
        self.decided[row.pk] = before, deepcopy(told)

    # ── Held against each other ─────────────────────────────────────────────────
    def compare(self) -> None:
        owners, holds = read("owners"), read("holds")
        covered, notes = read("covered"), read("notes")
        for lead, told in self.each():
            assert self.numbers[owners[lead.pk][0][0]] == told.owner, "owner"
            live = [self._step(one) for one in holds[lead.pk] if one[3] == LIVE]
            meant = self.model.walk(told)
            assert live == meant, f"lent on as {live}, not as {meant}"
            ended = sorted(self._ended(holds[lead.pk]))
            assert ended == sorted(told.ended), f"ended as {ended}, not {told.ended}"
            noted = sorted(self._noted(covered[lead.pk]))
            assert noted == sorted(told.notes), f"noted {noted}, not {told.notes}"
            assert len(notes[lead.pk]) == len(noted), "a note too many, or too few"

    def _step(self, hold: tuple[Any, ...]) -> tuple[int, int, int]:
        coverage, origin, to, *_ = hold
        return self.places[coverage], self.numbers[origin], self.numbers[to]

    def _ended(self, holds: list[tuple[Any, ...]]) -> Iterator[tuple[int, str]]:
        """What was never taken is listed beside: it was never live."""
        for coverage, _, _, state, outcome, taken_at, _ in holds:
            is_taken = outcome != NOT_TAKEN
            if state != TAKING:
                assert bool(taken_at) == is_taken, f"{outcome}, taken at {taken_at}"
            if outcome and is_taken:
                yield self.places[coverage], outcome

    def _noted(self, covered: list[tuple[Any, ...]]) -> Iterator[tuple[int, str]]:
        for coverage, start, back in covered:
            if start:
                yield self.places[coverage], "start"
            if back:
                yield self.places[coverage], "return"
