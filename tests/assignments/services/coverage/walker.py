"""Handoff driven step by step beside the model, and held against it after each step.

Everything is real but the wire: `deliver` does for a row what a dispatcher does once it
has read the lead, at a moment of the test's own.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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
from assignments.services import assigning
from assignments.services.coverage import acts, readiness, running
from assignments.services.coverage.drafts import Draft, DraftCoverer
from assignments.services.ledger import finish
from assignments.services.ownership import Sighting, observe_owner, record_write
from assignments.services.refusals import AssignmentRefused
from tests.assignments.services.coverage.model import Coverage as Told
from tests.assignments.services.coverage.model import Model, Plan
from tests.factories import MONDAY, make_lead, make_manager, make_member

MEMBERS, LEADS = 4, 4
type Act = Callable[..., object]


@dataclass
class Walker:
    members: list[Member] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    coverages: list[Coverage] = field(default_factory=list)
    is_down: bool = False
    looks: int = 0
    hours: int = 0

    def __post_init__(self) -> None:
        self.boss: User = make_manager()
        self.members = [make_member(f"M{n}") for n in range(MEMBERS)]
        self.numbers = {member.pk: n for n, member in enumerate(self.members)}
        owners = [n % (MEMBERS - 1) for n in range(LEADS)]
        self.leads = [make_lead(owner=self.members[n]) for n in owners]
        self.model = Model(owners, MEMBERS)
        self.model.chosen = self._chosen
        self.refusing: set[int] = set()
        self.undoable: dict[int, tuple[Assignment, Plan]] = {}

    @property
    def at(self) -> datetime:
        """A moment later with each look, for both."""
        self.looks += 1
        self.model.now = self._hour(self.hours) + timedelta(microseconds=self.looks)
        return self.model.now

    def _hour(self, hours: int) -> datetime:
        return MONDAY + timedelta(hours=hours)

    def step(self, name: str, *numbers: int) -> None:
        acted = getattr(self, name)(*numbers)
        if acted:
            self._tick(times=1)
        if not self.is_down:
            self.deliver()
        self.compare()

    # ── Time and the wire ───────────────────────────────────────────────────────
    def wait(self, a: int, b: int, c: int) -> None:
        self.hours += (1, 1, 1, 2, 3, 6)[a % 6]

    def tick(self, a: int, b: int, c: int) -> None:
        self._tick(times=2 if a % 3 == 0 else 1)

    def _tick(self, *, times: int) -> None:
        for _ in range(times):
            running.tick(self.at)
        self.model.tick()

    def go_on(self, a: int, b: int, c: int) -> bool:
        self.wait(a, b, c)
        return True

    def line(self, a: int, b: int, c: int) -> None:
        self.is_down = a % 2 == 0

    def refuse(self, a: int, b: int, c: int) -> None:
        self.refusing.add(a % LEADS)

    def claim(self, a: int, b: int, c: int) -> None:
        """A worker takes the row up, and has not called yet."""
        row = self._pending(a % LEADS)
        plan = self.model.leads[a % LEADS].plan
        if row and plan and self.is_down:
            lease = self.at + timedelta(days=99)
            Assignment.objects.filter(pk=row.pk).update(
                state=State.SENDING, token="t", lease_until=lease
            )
            plan.sending = True

    def deliver(self) -> None:
        while pending := self._all_pending():
            for row in pending:
                number = [lead.pk for lead in self.leads].index(row.lead_id)
                is_refused = number in self.refusing
                self.refusing.discard(number)
                self._send(row, refused=is_refused)
                self.model.deliver(self.model.leads[number], refused=is_refused)

    def _all_pending(self) -> list[Assignment]:
        rows = Assignment.objects.pending().select_related("to")
        return list(rows.order_by("lead"))

    def _send(self, row: Assignment, *, refused: bool) -> None:
        lead, at = Lead.objects.get(pk=row.lead_id), self.at
        if lead.owner_id != row.expected_id:
            finish(row, state=State.OVERTAKEN, outcome="Faster.", at=at)
        elif why_not := readiness.why_not_now(row, at):
            finish(row, state=State.CANCELLED, outcome=why_not, at=at)
        elif refused or not row.to.is_active:
            finish(row, state=State.REFUSED, outcome="No.", at=at)
        else:
            finish(row, state=State.DONE, outcome="", at=at)
            record_write(lead, owner_id=row.to_id, sure_at=at, answered_at=at)

    def _pending(self, number: int) -> Assignment | None:
        rows = Assignment.objects.pending().filter(lead=self.leads[number])
        return rows.select_related("to").order_by("pk").first()

    def _chosen(self, number: int) -> int | None:
        row = self._pending(number)
        return self.numbers[row.to_id] if row else None

    # ── Acts on coverages ───────────────────────────────────────────────────────
    def plan(self, a: int, b: int, c: int) -> bool:
        start = self.hours + (0, 1, 3, 8)[b % 4]
        told = Told(
            member=a % MEMBERS,
            start=self._hour(start),
            end=self._hour(start + 2 + c % 9),
            coverers=sorted({(a + 1 + b % 3) % MEMBERS, (a + 1 + c % 3) % MEMBERS}),
            keep=(a + b + c) % 5 == 0,
            leave=(a + b) % 4 == 0,
        )
        try:
            made = acts.schedule(draft=self._draft(told), actor=self.boss, at=self.at)
        except AssignmentRefused:
            return False
        self.coverages.append(made)
        self.model.coverages.append(told)
        return True

    def _draft(self, told: Told) -> Draft:
        start, end = told.start, told.end
        return Draft(
            member=self.members[told.member],
            first_day=start.date(),
            first_time=start.time(),
            last_day=end.date(),
            last_time=end.time(),
            zone="UTC",
            scope=Coverage.Scope.ALL,
            coverers=tuple(DraftCoverer(member=self.members[n]) for n in told.coverers),
            arrivals=Coverage.Arrivals("leave" if told.leave else "cover"),
            on_return=Coverage.OnReturn("keep" if told.keep else "return"),
            start_note="Covered.",
            return_note="Back.",
        )

    def start_now(self, a: int, b: int, c: int) -> bool:
        at = self._act(a, acts.start_now)
        if at:
            told = self.model.coverages[a % len(self.coverages)]
            told.start = min(told.start, at)
        return at is not None

    def end_early(self, a: int, b: int, c: int) -> bool:
        at = self._act(a, acts.end_early)
        if at:
            self._end(a, at)
        return at is not None

    def cancel(self, a: int, b: int, c: int) -> bool:
        at = self._act(a, acts.cancel)
        if at:
            self.model.coverages[a % len(self.coverages)].state = "cancelled"
        return at is not None

    def _end(self, a: int, at: datetime) -> None:
        told = self.model.coverages[a % len(self.coverages)]
        told.state, told.end = "over", min(told.end, at)

    def extend(self, a: int, b: int, c: int) -> bool:
        return self._move_end(a, 1 + b % 6, acts.extend)

    def shorten(self, a: int, b: int, c: int) -> bool:
        return self._move_end(a, -1 - b % 6, acts.shorten)

    def _move_end(self, a: int, hours: int, act: Act) -> bool:
        if not self.coverages:
            return False
        told = self.model.coverages[a % len(self.coverages)]
        end = told.end.replace(minute=0, second=0, microsecond=0)
        end += timedelta(hours=hours)
        at = self._act(a, act, last_day=end.date(), last_time=end.time())
        if at and end <= at:
            self._end(a, at)
        elif at:
            told.end = end
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
        old, new = told.coverers[b % len(told.coverers)], c % MEMBERS
        words = {"old": self.members[old], "new": self.members[new]}
        if not self._act(a, acts.change_coverer, **words):
            return False
        told.coverers = sorted({*told.coverers, new} - {old})
        for lead in self.model.leads:
            for held in lead.chain:
                if (held.coverage, held.to) == (place, old):
                    held.next = new
            for plan in filter(None, (lead.plan, lead.refused)):
                if plan.takes and (plan.coverage, plan.to) == (place, old):
                    plan.next = new
            self._forgive(lead, place, old)
        return True

    def _forgive(self, lead, place: int, old: int) -> None:
        stuck = lead.refused
        if stuck is None or stuck.kind == "return":
            holder = [s for s in lead.chain if (s.coverage, s.to) == (place, old)]
            if stuck and holder and stuck.step == place:
                lead.refused = None
            return
        if stuck.takes and (stuck.coverage, stuck.to) == (place, old):
            lead.ended.append((place, "not_taken"))
            lead.refused = None
        elif any((s.coverage, s.to) == (place, old) for s in lead.chain):
            lead.refused = None if stuck.step == place else stuck

    def hand_back(self, a: int, b: int, c: int) -> None:
        told = self.model.leads[a % LEADS]
        if not told.chain:
            return
        held = told.chain[b % len(told.chain)]
        try:
            acts.hand_back(
                coverage=self.coverages[held.coverage],
                lead=self.leads[a % LEADS],
                actor=self.boss,
                at=self.at,
            )
        except AssignmentRefused:
            return
        self.model.drop(told)
        told.plan = Plan("back", held.origin, told.owner, held.coverage, held.coverage)
        told.plan.is_late = self.model.coverages[held.coverage].state == "over"
        if told.refused and told.refused.step == held.coverage:
            told.refused = None

    # ── People and leads ────────────────────────────────────────────────────────
    def deactivate(self, a: int, b: int, c: int) -> None:
        if len(self.model.active) > 2 and b % 3 == 0:
            Member.objects.filter(pk=self.members[a % MEMBERS].pk).update(
                is_active=False
            )
            self.members[a % MEMBERS].is_active = False
            self.model.active.discard(a % MEMBERS)

    def assign(self, a: int, b: int, c: int) -> None:
        number, to, until = a % LEADS, b % MEMBERS, c % 3 == 0
        told, before = self.model.leads[number], self._pending(number)
        if told.plan and told.plan.sending:
            return
        try:
            row = assigning.assign_lead(
                lead=self.leads[number],
                to=self.members[to],
                actor=self.boss,
                at=self.at,
                until="back" if until else "good",
            )
        except AssignmentRefused:
            return
        if before and row.pk == before.pk:
            return
        at = row.created_at
        plan = Plan("person", to, told.owner, until_back=until, at=at)
        if row.state == State.SKIPPED:
            if told.plan and told.plan.takes:
                told.pins.add(told.plan.coverage)
            self.model.drop(told)
            self.model.given(told, plan)
        else:
            self.model.drop(told)
            told.plan = plan
            self.undoable[number] = (row, plan)

    def undo(self, a: int, b: int, c: int) -> None:
        """Undo the last thing that a person decided about the lead, if that can be."""
        told = self.model.leads[a % LEADS]
        if told.plan or (a % LEADS) not in self.undoable:
            return
        row, before = self.undoable.pop(a % LEADS)
        row.refresh_from_db()
        try:
            back = assigning.undo_assignment(
                assignment=row, actor=self.boss, at=self.at
            )
        except AssignmentRefused:
            return
        told.plan = Plan(
            "person", self.numbers[back.to_id], told.owner, at=back.created_at,
            until_back=back.until_back, undoes=before,
        )  # fmt: skip

    def outside(self, a: int, b: int, c: int) -> None:
        told, to = self.model.leads[a % LEADS], b % MEMBERS
        if to == told.owner or (told.plan and told.plan.sending):
            return
        lead, at = self.leads[a % LEADS], self.at
        Lead.objects.filter(pk=lead.pk).update(owner_written_at=None)
        sighting = Sighting(
            owner_id=self.members[to].pk, known=True, asked_at=at, by="get"
        )
        observe_owner(map_id=lead.pk, sighting=sighting, at=at)
        told.owner = to
        self.model.given(told, Plan("person", to, to), outside=True)

    def outcomes(self) -> Counter[str]:
        ends = (outcome for lead in self.model.leads for _, outcome in lead.ended)
        return Counter(ends)

    # ── Held against each other ─────────────────────────────────────────────────
    def compare(self) -> None:
        owners = dict(Lead.objects.values_list("pk", "owner"))
        holds = self._by_lead(Hold.objects.order_by("pk"))
        covered = self._by_lead(CoveredLead.objects.all())
        notes = self._by_lead(Note.objects.all())
        for number, told in enumerate(self.model.leads):
            pk = self.leads[number].pk
            assert self.numbers[owners[pk]] == told.owner, f"owner of {number}"
            assert [
                self._step(hold) for hold in holds[pk] if hold.state == Hold.State.LIVE
            ] == [(step.coverage, step.origin, step.to) for step in told.chain], (
                f"chain of {number}"
            )
            assert sorted(
                (self.places[hold.coverage_id], hold.outcome)
                for hold in holds[pk]
                if hold.outcome
            ) == sorted(told.ended), f"outcomes of {number}"
            noted = [note for one in covered[pk] for note in self._noted(one)]
            assert sorted(noted) == sorted(told.notes), f"notes of {number}"
            assert len(notes[pk]) == len(noted), f"notes of {number}"

    @property
    def places(self) -> dict[int, int]:
        return {coverage.pk: n for n, coverage in enumerate(self.coverages)}

    def _step(self, hold: Hold) -> tuple[int, int, int]:
        place = self.places[hold.coverage_id]
        return place, self.numbers[hold.origin_id], self.numbers[hold.to_id]

    def _noted(self, covered: CoveredLead) -> Iterator[tuple[int, str]]:
        place = self.places[covered.coverage_id]
        if covered.start_noted_at:
            yield place, "start"
        if covered.return_noted_at:
            yield place, "return"

    def _by_lead(self, rows: Iterable[Any]) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            found[row.lead_id].append(row)
        return found
