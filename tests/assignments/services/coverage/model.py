"""The coverage rules told a second time, as plainly as can be; knows nothing of Handoff.

Members and leads are numbers. Whom a coverage deals a lead to is asked of
the system (`chosen`) and only checked: somebody who covers, is active and is not away.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Coverage:
    member: int
    start: datetime
    end: datetime
    coverers: list[int]
    keep: bool = False
    leave: bool = False
    state: str = "planned"


@dataclass
class Step:
    coverage: int
    origin: int
    to: int
    next: int | None = None


@dataclass
class Plan:
    kind: str  # take, return, deal, carry, person, back (handed back)
    to: int
    expected: int
    coverage: int = -1
    step: int = -1  # the coverage whose hold it changes
    until_back: bool = False
    at: datetime | None = None
    sending: bool = False
    is_late: bool = False  # handed back when the coverage was over already
    next: int | None = None
    undoes: "Plan | None" = None
    pinned: set[int] = field(default_factory=set)
    before: "Lead | None" = None  # the lead as it was when this came true

    @property
    def takes(self) -> bool:
        return self.kind in {"take", "carry"}


@dataclass
class Lead:
    owner: int
    chain: list[Step] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)
    notes: set[tuple[int, str]] = field(default_factory=set)
    pins: set[int] = field(default_factory=set)
    wanted: set[int] = field(default_factory=set)
    plan: Plan | None = None
    refused: Plan | None = None


class Model:
    now: datetime

    def __init__(self, leads: list[int], members: int) -> None:
        self.leads, self.active = [Lead(owner) for owner in leads], set(range(members))
        self.coverages: list[Coverage] = []
        self.chosen: Callable[[int], int | None] = lambda lead: None

    def free(self) -> set[int]:
        away = {c.member for c in self.coverages if self.is_away(c)}
        return self.active - away

    def is_away(self, c: Coverage) -> bool:
        begun = c.state == "running" or (c.state == "planned" and c.start <= self.now)
        return begun and self.now < c.end

    def tick(self) -> None:
        for number, c in enumerate(self.coverages):
            if c.state == "planned" and c.start <= self.now:
                c.state = "running" if self.now < c.end else "cancelled"
                for lead in self.leads if c.state == "running" else ():
                    if c.member in {lead.owner, lead.plan and lead.plan.to}:
                        lead.wanted.add(number)
            if c.state == "running" and c.end <= self.now:
                c.state = "over"
        for number, lead in enumerate(self.leads):
            self.decide(number, lead)

    def decide(self, number: int, lead: Lead) -> None:
        old = lead.plan
        if old and (old.kind in {"person", "back"} or old.sending):
            return
        new = self.think(number, lead)
        if new and old and (old.kind, old.coverage, old.to, old.step) == (
            new.kind, new.coverage, new.to, new.step
        ):  # fmt: skip
            return
        self.drop(lead)
        lead.plan = new

    def drop(self, lead: Lead) -> None:
        if lead.plan and lead.plan.takes:
            lead.ended.append((lead.plan.coverage, "not_taken"))
        lead.plan = None

    def think(self, number: int, lead: Lead) -> Plan | None:
        stuck = lead.refused
        if stuck and stuck.takes and self.coverages[stuck.coverage].state == "over":
            lead.ended.append((stuck.coverage, "not_taken"))
            lead.refused = stuck = None
        while (low := self.lowest_over(lead)) is not None:
            step = lead.chain[low]
            back = stuck is not None and (stuck.kind == "return" or stuck.is_late)
            if stuck and back and stuck.step == step.coverage:
                return None
            if self.coverages[step.coverage].keep or step.origin not in self.active:
                self.keep(lead, low)
            else:
                return self.give_back(number, lead, low)
        if stuck and stuck.kind not in {"return", "back"}:
            return None
        return self.stand(number, lead)

    def keep(self, lead: Lead, low: int) -> None:
        step = lead.chain.pop(low)
        lead.ended.append((step.coverage, "kept"))
        if low and lead.chain[low - 1].origin != step.to:
            lead.chain[low - 1].to = step.to

    def give_back(self, number: int, lead: Lead, low: int) -> Plan | None:
        step = lead.chain[low]
        if step.origin in self.free():
            return self.plan(lead, "return", step.origin, step.coverage, step.coverage)
        following = self.running_of(step.origin)
        if following is None:
            return None
        there = self.coverers(lead, following, low + 1)
        if there and lead.owner not in there:
            to = self.choice(number, there)
            return self.plan(lead, "carry", to, following, step.coverage)
        self.cut(lead, low, "carried_over")
        lead.chain.append(Step(following, step.origin, lead.owner))
        return None if lead.refused and lead.refused.takes else self.stand(number, lead)

    def stand(self, number: int, lead: Lead) -> Plan | None:
        for place, step in enumerate(lead.chain):
            if step.next in self.free() and step.next == lead.owner != step.to:
                lead.ended += [
                    (s.coverage, "superseded") for s in lead.chain[place + 1 :]
                ]
                del lead.chain[place + 1 :]
                step.to, step.next = lead.owner, None
                return None
            if step.next is None or step.next == step.to:
                continue
            if step.next in self.free():
                return self.plan(lead, "deal", step.next, step.coverage, step.coverage)
            there = self.coverers(lead, step.coverage, place + 1)
            if there and lead.owner not in there:
                to = self.choice(number, there)
                return self.plan(lead, "deal", to, step.coverage, step.coverage)
        own = self.running_of(lead.owner)
        if lead.owner in self.free() or own in lead.pins:
            return None
        wants = own in lead.wanted or (
            own is not None and not self.coverages[own].leave
        )
        if (
            own is not None
            and wants
            and (there := self.coverers(lead, own, len(lead.chain)))
        ):
            return self.plan(lead, "take", self.choice(number, there), own)
        for place, step in reversed(list(enumerate(lead.chain))):
            if there := self.coverers(lead, step.coverage, place + 1):
                to = self.choice(number, there)
                return self.plan(lead, "deal", to, step.coverage, step.coverage)
        return None

    def plan(
        self, lead: Lead, kind: str, to: int, coverage: int, step: int = -1
    ) -> Plan:
        return Plan(kind, to, lead.owner, coverage, step)

    def choice(self, number: int, there: set[int]) -> int:
        to = self.chosen(number)
        assert to in there, f"lead {number} is planned for {to}, not for one of {there}"
        return to

    def lowest_over(self, lead: Lead) -> int | None:
        over = [self.coverages[s.coverage].state == "over" for s in lead.chain]
        return over.index(True) if True in over else None

    def running_of(self, member: int) -> int | None:
        for number, c in enumerate(self.coverages):
            if c.member == member and c.state == "running" and self.is_away(c):
                return number
        return None

    def coverers(self, lead: Lead, coverage: int, steps: int) -> set[int]:
        passed = {step.origin for step in lead.chain[:steps]}
        return set(self.coverages[coverage].coverers) & self.free() - passed

    def cut(self, lead: Lead, place: int, outcome: str) -> None:
        lead.ended.append((lead.chain[place].coverage, outcome))
        lead.ended += [(s.coverage, "superseded") for s in lead.chain[place + 1 :]]
        del lead.chain[place:]

    def deliver(self, lead: Lead, *, refused: bool = False) -> None:
        plan = lead.plan
        if plan is None:
            return None
        by_hand = plan.kind in {"person", "back"}
        if lead.owner != plan.expected or (plan.to not in self.free() and not by_hand):
            return self.drop(lead)
        if plan.kind in {"take", "deal", "carry"} and not self.is_away(
            self.coverages[plan.coverage]
        ):
            return self.drop(lead)
        lead.plan = None
        if refused or plan.to not in self.active:
            lead.refused = lead.refused if plan.kind == "person" else plan
            return None
        lead.owner = plan.to
        return (
            self.given(lead, plan) if plan.kind == "person" else self.move(lead, plan)
        )

    def move(self, lead: Lead, plan: Plan) -> None:
        if lead.refused and lead.refused.takes and lead.refused is not plan:
            lead.ended.append((lead.refused.coverage, "not_taken"))
        lead.refused = None
        place = next(
            (i for i, s in enumerate(lead.chain) if s.coverage == plan.step), None
        )
        if plan.kind in {"return", "back"} and place is not None:
            lead.pins |= {plan.coverage} if plan.kind == "back" else set()
            self.cut(lead, place, "returned")
            lead.notes.add((plan.coverage, "return"))
            return
        lead.notes.add((plan.coverage, "start"))
        if plan.kind == "deal" and place is not None:
            kept = lead.chain[place]
            if lead.chain[place + 1 :]:
                self.cut(lead, place + 1, "superseded")
            kept.to, kept.next = plan.to, None
            return
        origin = plan.expected
        if plan.kind == "carry" and place is not None:
            origin = lead.chain[place].origin
            self.cut(lead, place, "carried_over")
        lead.chain.append(Step(plan.coverage, origin, plan.to, plan.next))

    def given(self, lead: Lead, plan: Plan, *, outside: bool = False) -> None:
        """Somebody gave it to a member, by hand in Handoff or in Smartlead."""
        if plan.undoes and plan.undoes.before and not plan.until_back:
            before = plan.undoes.before
            lead.pins -= plan.undoes.pinned
            if before.chain and before.chain[-1].to == plan.to:
                lead.chain, lead.ended = before.chain, before.ended
                return
        plan.before, pins = deepcopy(lead), set(lead.pins)
        self._given(lead, plan, outside=outside)
        plan.pinned = lead.pins - pins

    def _given(self, lead: Lead, plan: Plan, *, outside: bool) -> None:
        for waiting in (lead.refused, lead.plan):
            if waiting and waiting.takes:
                lead.pins.add(waiting.coverage)
        if lead.refused and lead.refused.takes:
            lead.ended.append((lead.refused.coverage, "not_taken"))
        lead.refused = None
        had = {s.coverage for s in lead.chain} | {
            c for c, outcome in lead.ended if outcome != "not_taken"
        }
        origins = [step.origin for step in lead.chain]
        if plan.to in origins:
            place = origins.index(plan.to)
            lead.pins.add(lead.chain[place].coverage)
            self.cut(lead, place, "back")
        elif plan.until_back and lead.chain:
            lead.chain[-1].to, lead.chain[-1].next = plan.to, None
        else:
            lead.pins |= {step.coverage for step in lead.chain}
            lead.ended += [(step.coverage, "moved") for step in lead.chain]
            lead.chain = []
        for number, c in enumerate(self.coverages):
            is_meant = number in had if outside else plan.at and plan.at >= c.start
            if c.member == plan.to and self.is_away(c) and is_meant:
                lead.pins.add(number)
