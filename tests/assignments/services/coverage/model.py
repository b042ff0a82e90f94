"""The rules of docs/design/coverage-rules.md as people would check them.

Knows nothing of Handoff. The chain of a lead is the walk from its home: each of its
coverages lends it, from the member it is for to the member of the next, the last one to
the owner. All are numbers. What Handoff plans is judged after a tick.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Coverage:
    member: int
    start: datetime
    end: datetime
    coverers: set[int]
    keep: bool = False
    leave: bool = False
    replaced: dict[int, int] = field(default_factory=dict)  # coverers, by whom


@dataclass(eq=False)
class Lead:
    owner: int
    chain: list[int] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)
    notes: set[tuple[int, str]] = field(default_factory=set)
    pins: set[int] = field(default_factory=set)
    coming: tuple[int, int] = (-1, -1)  # for which coverage, to whom; -1 if none
    refused: dict[int, int] = field(default_factory=dict)  # the same

    def cut(self, place: int, outcome: str) -> None:
        for above, number in enumerate(self.chain[place:]):
            self.ended.append((number, "superseded" if above else outcome))
        del self.chain[place:]
        self.refused = {n: to for n, to in self.refused.items() if n in self.chain}


class Model:
    def __init__(self, owners: list[int], members: int, at: datetime) -> None:
        self.leads, self.active = [Lead(owner) for owner in owners], set(range(members))
        self.coverages: list[Coverage] = []
        self.takes: dict[int, list[Lead]] = {}  # once with the member, by coverage
        self.now = self.ticked = at

    def away(self) -> dict[int, int]:
        found = enumerate(self.coverages)
        return {c.member: n for n, c in found if c.start <= self.now < c.end}

    def free(self) -> set[int]:
        return self.active - self.away().keys()

    def walk(self, lead: Lead) -> list[tuple[int, int, int]]:
        """Which coverage lends it on, from whom, to whom."""
        members = [*(self.coverages[n].member for n in lead.chain), lead.owner]
        return list(zip(lead.chain, members, members[1:], strict=False))

    def deals(self, lead: Lead, number: int) -> set[tuple[int, int]]:
        there = self.coverages[number].coverers & self.free()
        return {(number, to) for to in there if lead.owner not in there}

    def tick(self, at: datetime) -> None:
        self.now = self.ticked = max(self.ticked, at)
        for number in self.away().values():
            c = self.coverages[number]
            here = [x for x in self.leads if c.member in (x.owner, x.coming[1])]
            self.takes.setdefault(number, here if c.leave else self.leads)

    def due(self, lead: Lead) -> set[tuple[int, int]]:
        """Ends what needs no move. Returns the moves of which one is to be planned."""
        while over := [n for n in lead.chain if self.coverages[n].end <= self.ticked]:
            c = self.coverages[over[0]]
            again = self.away().get(c.member)
            if again in lead.refused or lead.refused.get(over[0]) == c.member:
                return set()
            if c.keep or c.member not in self.active:
                lead.ended.append((over[0], "kept"))
                lead.chain.remove(over[0])
            elif again is None:
                return {(over[0], c.member)}
            elif there := self.deals(lead, again):
                return there
            else:
                lead.cut(lead.chain.index(over[0]), "carried_over")
                lead.chain.append(again)
        return self.stand(lead)

    def stand(self, lead: Lead) -> set[tuple[int, int]]:
        """None of its coverages is over: is it with somebody who is there?"""
        refused = [(self.coverages[n], to) for n, to in lead.refused.items()]
        if any(to != c.member and c.end > self.ticked for c, to in refused):
            return set()
        for number, _, to in self.walk(lead):
            new = self.coverages[number].replaced.get(to)
            there = {(number, new)} if new in self.free() else self.deals(lead, number)
            if new == lead.owner in self.free():
                lead.cut(lead.chain.index(number) + 1, "superseded")
            elif new is not None and there:
                return there
        own = self.away().get(lead.owner)
        if own in lead.pins or lead.owner in self.free():
            return set()
        taking = [own] if own is not None and lead in self.takes[own] else []
        found = (self.deals(lead, number) for number in (*taking, *lead.chain[::-1]))
        return next(filter(None, found), set())

    def moved(self, lead: Lead, number: int, to: int, *, by_hand: bool) -> None:
        """A coverage's move came true; `by_hand`: a person handed the lead back."""
        home, lead.owner = self.coverages[number].member, to
        is_due = to == home or self.away().get(home) == number
        assert by_hand or (is_due and to in self.free()), f"sent to {to} all the same"
        lead.notes.add((number, "return" if to == home else "start"))
        lead.pins |= {number} if by_hand else set()
        if to == home:
            lead.cut(lead.chain.index(number), "returned")
        elif number in lead.chain:
            lead.cut(lead.chain.index(number) + 1, "superseded")
        else:
            homes = [self.coverages[n].member for n in (*lead.chain, number)]
            lead.cut(homes.index(home), "carried_over")
            lead.chain.append(number)

    def given(self, lead: Lead, to: int, clicked: datetime | None, until: str) -> None:
        """By a person, until "back" or for "good"; if not `clicked`, in Smartlead."""
        homes, own = [home for _, home, _ in self.walk(lead)], self.away().get(to)
        lead.pins |= {*lead.refused, lead.coming[0]} - {*lead.chain}
        lead.owner, lead.refused = to, {}
        if own is not None:
            since, had = self.coverages[own].start, own in dict(lead.ended)
            lead.pins |= {own} if (clicked >= since if clicked else had) else set()
        if to in homes:
            lead.pins.add(lead.chain[homes.index(to)])
            lead.cut(homes.index(to), "back")
        elif until == "good":
            lead.pins |= {*lead.chain}
            lead.ended += [(number, "moved") for number in lead.chain]
            lead.chain = []

    def undone(self, lead: Lead, before: Lead) -> bool:
        """Whether it is lent on again; if not, it is given like any other."""
        lead.pins, was, lead.chain = before.pins, lead.chain, before.chain
        lead.owner, lead.ended = before.owner, before.ended
        return was != lead.chain

    def swap(self, number: int, old: int, new: int) -> None:
        c = self.coverages[number]
        c.coverers = c.coverers - {old} | {new}
        c.replaced = {k: v for k, v in {**c.replaced, old: new}.items() if k != new}
