"""Steps of random histories in Handoff, beside the model: all that anybody may do."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assignments.models import Assignment, Coverage, Lead, Member
from assignments.models.assignment import State
from assignments.services.coverage import actions
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger import assign as ledger_assign
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.ledger.undo import undo_assignment
from tests.assignments.services.coverage.model import Coverage as ToldCoverage
from tests.assignments.services.coverage.model import Lead as Told
from tests.assignments.services.coverage.model_comparison import (
    LEADS,
    MEMBERS,
    ModelComparison,
)
from tests.factories import MONDAY

type Act = Callable[..., object]


@dataclass
class HistoryDriver(ModelComparison):
    undoable: dict[int, Assignment] = field(default_factory=dict)

    def step(self, name: str, *numbers: int) -> None:
        if getattr(self, name)(*numbers):
            self.tick_and_judge()
        if not self.is_down:
            self.deliver()
        self.compare()

    # ── Time and the wire ───────────────────────────────────────────────────────
    def wait(self, a: int, b: int, c: int) -> None:
        self.hours += (1, 1, 1, 2, 3, 6)[a % 6]
        self.looks = -1

    def tick(self, a: int, b: int, c: int) -> None:
        self.tick_and_judge(late=b if c % 3 == 0 else 0, times=1 + (a % 3 == 0))

    def go_on(self, a: int, b: int, c: int) -> bool:
        self.wait(a, b, c)
        return True

    def line(self, a: int, b: int, c: int) -> None:
        self.is_down = a % 2 == 0

    def refuse(self, a: int, b: int, c: int) -> None:
        self.refusing.add(a % LEADS)

    def claim(self, a: int, b: int, c: int) -> None:
        """A worker takes the row up, and has not called yet."""
        row = self.look().get(a % LEADS)
        if row and self.is_down:
            lease = self.at + timedelta(days=99)
            Assignment.objects.filter(pk=row.pk).update(
                state=State.SENDING, token="t", lease_until=lease
            )

    # ── Acts on coverages ───────────────────────────────────────────────────────
    def plan(self, a: int, b: int, c: int) -> bool:
        start = self.hours + (0, 1, 3, 8)[b % 4]
        told = ToldCoverage(
            member=a % MEMBERS,
            start=self.hour(start),
            end=self.hour(start + 2 + c % 9),
            coverers={(a + 1 + b % 3) % MEMBERS, (a + 1 + c % 3) % MEMBERS},
            keep=(a + b + c) % 5 == 0,
            leave=(a + b) % 4 == 0,
        )
        try:
            made = actions.schedule(
                draft=self._draft(told), actor=self.boss, at=self.at
            )
        except AssignmentRefused:
            return False
        self.coverages.append(made)
        self.model.coverages.append(told)
        return told.start <= self.model.now

    def _draft(self, told: ToldCoverage) -> CoverageDraft:
        start, end = told.start, told.end
        return CoverageDraft(
            member=self.members[told.member],
            first_day=start.date(),
            first_time=start.time(),
            last_day=end.date(),
            last_time=end.time(),
            zone="UTC",
            scope=Coverage.Scope.ALL,
            coverers=tuple(
                DraftCoverer(member=self.members[n]) for n in sorted(told.coverers)
            ),
            arrivals=Coverage.Arrivals("leave" if told.leave else "cover"),
            on_return=Coverage.OnReturn("keep" if told.keep else "return"),
            start_note="Covered.",
            return_note="Back.",
        )

    def start_now(self, a: int, b: int, c: int) -> bool:
        at = self._act(a, actions.start_now)
        if at:
            told = self.model.coverages[a % len(self.coverages)]
            told.start = min(told.start, at)
        return at is not None

    def end_early(self, a: int, b: int, c: int) -> bool:
        at = self._act(a, actions.end_early)
        if at:
            self._end_at(a, at)
        return at is not None

    def cancel(self, a: int, b: int, c: int) -> bool:
        at = self._act(a, actions.cancel)
        if at:
            self._end_at(a, MONDAY - timedelta(days=1))
        return at is not None

    def _end_at(self, a: int, end: datetime) -> None:
        told = self.model.coverages[a % len(self.coverages)]
        told.end = min(told.end, end)

    def extend(self, a: int, b: int, c: int) -> bool:
        return self._move_end(a, 1 + b % 6, actions.extend)

    def shorten(self, a: int, b: int, c: int) -> bool:
        return self._move_end(a, -1 - b % 6, actions.shorten)

    def _move_end(self, a: int, hours: int, act: Act) -> bool:
        if not self.coverages:
            return False
        told = self.model.coverages[a % len(self.coverages)]
        end = told.end.replace(minute=0, second=0, microsecond=0)
        end += timedelta(hours=hours)
        at = self._act(a, act, last_day=end.date(), last_time=end.time())
        if at:
            told.end = min(told.end, at) if end <= at else end
        return at is not None

    def _act(self, a: int, act: Act, **words: Any) -> datetime | None:
        """When it was done; None if it was refused."""
        if not self.coverages:
            return None
        at = self.at
        coverage = self.coverages[a % len(self.coverages)]
        try:
            act(coverage=coverage, actor=self.boss, at=at, **words)
        except AssignmentRefused:
            return None
        return at

    def change_coverer(self, a: int, b: int, c: int) -> bool:
        if not self.coverages:
            return False
        place = a % len(self.coverages)
        told = self.model.coverages[place]
        old, new = sorted(told.coverers)[b % len(told.coverers)], c % MEMBERS
        if any(place in lead.refused for lead in self.model.leads):
            return False
        words = {"old": self.members[old], "new": self.members[new]}
        if not self._act(a, actions.change_coverer, **words):
            return False
        self.model.swap(place, old, new)
        return True

    def hand_back(self, a: int, b: int, c: int) -> None:
        told = self.model.leads[a % LEADS]
        if told.chain:
            with suppress(AssignmentRefused):
                actions.hand_back(
                    coverage=self.coverages[told.chain[b % len(told.chain)]],
                    lead=self.leads[a % LEADS],
                    actor=self.boss,
                    at=self.at,
                )

    # ── People and leads ────────────────────────────────────────────────────────
    def deactivate(self, a: int, b: int, c: int) -> None:
        if len(self.model.active) > 2 and b % 3 == 0:
            Member.objects.filter(pk=self.members[a % MEMBERS].pk).update(
                is_active=False
            )
            self.members[a % MEMBERS].is_active = False
            self.model.active.discard(a % MEMBERS)

    def assign(self, a: int, b: int, c: int) -> None:
        number, before = a % LEADS, self.look().get(a % LEADS)
        if before and before.state == State.SENDING:
            return
        until = "back" if c % 3 == 0 else "good"
        if before and until == "back" and self.model.leads[number].owner == b % MEMBERS:
            return  # kept from a change of coverer: the model knows that for all leads
        if until == "back" and self._has_been_replaced(b % MEMBERS):
            return  # a person's later word: the same
        try:
            row = ledger_assign.assign_lead(
                lead=self.leads[number],
                to=self.members[b % MEMBERS],
                actor=self.boss,
                at=self.at,
                until=until,
            )
        except AssignmentRefused:
            return
        if before and row.pk == before.pk:
            return
        if row.state == State.SKIPPED:
            self.report_given(number, row)
        else:
            self.undoable[number] = row

    def _has_been_replaced(self, member: int) -> bool:
        return any(member in told.replaced for told in self.model.coverages)

    def undo(self, a: int, b: int, c: int) -> None:
        """Undo the last thing that a person decided about the lead, if that can be."""
        number = a % LEADS
        if number not in self.undoable or number in self.look():
            return
        if any(told.replaced for told in self.model.coverages):
            return  # to a coverer of before: the model knows changes for all leads only
        row = self.undoable.pop(number)
        row.refresh_from_db()
        if row.pk in self.decided and not self.is_as(number, self.decided[row.pk][1]):
            return
        with suppress(AssignmentRefused):
            undo_assignment(assignment=row, actor=self.boss, at=self.at)

    def outside(self, a: int, b: int, c: int) -> None:
        number, to, row = a % LEADS, b % MEMBERS, self.look().get(a % LEADS)
        told = self.model.leads[number]
        if to == told.owner or (row and row.state == State.SENDING):
            return
        if row and self.members[to].pk == row.expected_id:
            return  # there and back unseen: only a dispatcher could tell
        lead, at = self.leads[number], self.at
        Lead.objects.filter(pk=lead.pk).update(owner_written_at=None)
        sighting = OwnerObservation(
            owner_id=self.members[to].pk, known=True, asked_at=at, by="get"
        )
        observe_owner(map_id=lead.pk, sighting=sighting, at=at)
        self.model.given(told, to, None, "good")

    def is_as(self, number: int, then: Told) -> bool:
        """Nothing has happened to the lead since."""
        now = vars(self.model.leads[number]) | {"coming": None}
        return now == vars(then) | {"coming": None}

    def outcomes(self) -> Counter[str]:
        ends = (outcome for lead in self.model.leads for _, outcome in lead.ended)
        return Counter(ends)
