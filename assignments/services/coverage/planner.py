"""Where one lead should lie: a walk from its home past everybody who is away.

Pure: from facts to a decision, docs/design/coverage-rules.md, sections 4 and 5.
The live holds of a lead are the steps walked so far, lowest first; its owner is `to` of
the top one.
"""

from dataclasses import dataclass, field, replace

from assignments.services.coverage.decisions import (
    NOTHING,
    CoverageFacts,
    Decision,
    HoldFacts,
    Kind,
    LeadFacts,
    Move,
    Office,
    Outcome,
)
from assignments.services.coverage.rotation import Dealt


def decide(lead: LeadFacts, office: Office) -> Decision:
    """Everything that the clock and the facts ask for, with one move at the most."""
    if lead.pending and not lead.pending.is_plan:
        return NOTHING
    found = _Walk(lead, office).decision()
    planned = _planned(lead)
    if planned and found.move and found.move.is_same(planned):
        return replace(found, move=None)
    if lead.pending:
        acting = found.acting or (planned.coverage_id if planned else None)
        return replace(found, forget=lead.pending.pk, acting=acting)
    return found


def _planned(lead: LeadFacts) -> Move | None:
    """What the waiting row would do, put together from the holds that it moves."""
    row = lead.pending
    if row is None or row.to_id is None:
        return None
    moved = [hold for hold in lead.holds if hold.move_id == row.pk]
    taking = next((hold for hold in moved if not hold.is_live), None)
    changed = next((hold for hold in moved if hold.is_live), None)
    hold = taking or changed
    if hold is None:
        return None
    is_return = taking is None and hold.origin_id == row.to_id
    return Move(
        kind=Kind.RETURN if is_return else Kind.START,
        coverage_id=hold.coverage_id,
        to_id=row.to_id,
        takes_from=taking.origin_id if taking else None,
        hold_id=changed.pk if changed else None,
    )


def _adopted(coverage: CoverageFacts, hold: HoldFacts, holder: int | None) -> HoldFacts:
    """The hold of the next coverage, as it will stand."""
    to_id = hold.to_id if holder is None else holder
    return HoldFacts(
        pk=0, coverage_id=coverage.pk, origin_id=hold.origin_id, to_id=to_id
    )


@dataclass(slots=True)
class _Walk:
    lead: LeadFacts
    office: Office
    ends: list[tuple[int, Outcome]] = field(default_factory=list)
    hands_on: list[tuple[int, int]] = field(default_factory=list)
    chain: list[HoldFacts] = field(default_factory=list)
    taking: HoldFacts | None = None
    acting: int | None = None
    unplaced: int | None = None

    def decision(self) -> Decision:
        self.chain = [hold for hold in self.lead.holds if hold.is_live]
        for hold in self.lead.holds:
            if not hold.is_live:
                self._look_at_taking(hold)
        if self.chain and self.chain[-1].to_id != self.lead.owner_id:
            # Somebody moved it, and nobody told us.
            for hold in self.chain:
                self._end(hold, Outcome.MOVED)
            self.chain = []
        while (place := self._lowest_over()) is not None:
            hold = self.chain[place]
            if hold.refused is Kind.RETURN:
                return self._with()
            if not self._is_kept(hold):
                return self._give_back(place)
            self._keep(place)
        return self._stand()

    # ── What is planned and not sent ────────────────────────────────────────────
    def _look_at_taking(self, hold: HoldFacts) -> None:
        if self.office.coverages[hold.coverage_id].is_over:
            # Its row, if one still waits, is forgotten, which ends it all the same.
            if hold.refused:
                self._end(hold, Outcome.NOT_TAKEN)
            return
        self.taking = hold

    # ── Ends ────────────────────────────────────────────────────────────────────
    def _lowest_over(self) -> int | None:
        for place, hold in enumerate(self.chain):
            if self.office.coverages[hold.coverage_id].is_over:
                return place
        return None

    def _is_kept(self, hold: HoldFacts) -> bool:
        coverage = self.office.coverages[hold.coverage_id]
        return coverage.is_kept or hold.origin_id not in self.office.active

    def _keep(self, place: int) -> None:
        """Its `to` is the home now; or the one beneath lends it to them instead."""
        hold = self.chain.pop(place)
        self._end(hold, Outcome.KEPT)
        if place and self.chain[place - 1].origin_id != hold.to_id:
            beneath = replace(self.chain[place - 1], to_id=hold.to_id)
            self.chain[place - 1] = beneath
            self.hands_on.append((beneath.pk, hold.to_id))

    def _give_back(self, place: int) -> Decision:
        hold = self.chain[place]
        self.acting = hold.coverage_id
        if hold.origin_id not in self.office.away:
            move = Move(
                kind=Kind.RETURN,
                coverage_id=hold.coverage_id,
                to_id=hold.origin_id,
                hold_id=hold.pk,
            )
            return self._with(move)
        following = self.office.running_for(hold.origin_id)
        if following is None or self._has_refused(following):
            return self._with()
        return self._carry_over(place, following)

    def _has_refused(self, following: CoverageFacts) -> bool:
        """Smartlead did, when it was to be carried over to that coverage."""
        taking = self.taking
        return bool(taking and taking.refused and taking.coverage_id == following.pk)

    def _carry_over(self, place: int, coverage: CoverageFacts) -> Decision:
        """Away again: the next coverage takes it, also out of its scope."""
        hold, holder = self.chain[place], self.lead.owner_id
        self.acting = coverage.pk
        dealt = self._deal(coverage, place + 1, holder=holder)
        if dealt and dealt.member_id != holder:
            move = Move(
                kind=Kind.START,
                coverage_id=coverage.pk,
                to_id=dealt.member_id,
                why=dealt.why,
                takes_from=hold.origin_id,
                hold_id=hold.pk,
            )
            return self._with(move)
        self._end(hold, Outcome.CARRIED_OVER)
        for above in self.chain[place + 1 :]:
            self._end(above, Outcome.SUPERSEDED)
        self.chain[place:] = [_adopted(coverage, hold, holder)]
        return replace(self._stand(), adopts=(coverage.pk, hold.origin_id))

    # ── Starts, sweeps, dealing again ───────────────────────────────────────────
    def _stand(self) -> Decision:
        """No hold is over: is it with somebody who is there?"""
        holder = self.lead.owner_id
        if self._is_refused():
            return self._with()
        for place, hold in enumerate(self.chain):
            if found := self._pass_on(place, hold.change_to):
                return found
        if holder is None or holder in self.office.free:
            return self._with()
        own = self.office.running_for(holder)
        if own and own.pk in self.lead.pins:
            return self._with()
        if own and self._is_wanted(own):
            if dealt := self._deal(own, len(self.chain)):
                return self._take(own, holder, dealt)
        else:
            own = None
        return self._deal_beneath(own)

    def _pass_on(self, place: int, named: int | None) -> Decision | None:
        """To whom a change of coverer has named; if they are away by now, to another.

        None if whoever has it covers too, or nobody else can.
        """
        if named is None or named == self.chain[place].to_id:
            return None
        if named in self.office.free:
            return self._change(place, named)
        hold, holder = self.chain[place], self.lead.owner_id
        coverage = self.office.coverages[hold.coverage_id]
        dealt = self._deal(coverage, place + 1, holder=holder)
        if dealt is None:
            self.unplaced = hold.coverage_id
        if dealt is None or dealt.member_id == holder:
            return None
        return self._deal_again(hold, dealt)

    def _change(self, place: int, named: int) -> Decision:
        """Whoever is named may have it on loan already."""
        hold = self.chain[place]
        if named != self.lead.owner_id:
            return self._deal_again(hold, Dealt(named, "covers instead"))
        for above in self.chain[place + 1 :]:
            self._end(above, Outcome.SUPERSEDED)
        self.acting = hold.coverage_id
        self.hands_on.append((hold.pk, named))
        return self._with()

    def _is_refused(self) -> bool:
        """Not tried again by itself with anybody, else it would go through all."""
        taking = self.taking is not None and self.taking.refused is not None
        return taking or any(hold.refused is Kind.START for hold in self.chain)

    def _is_wanted(self, coverage: CoverageFacts) -> bool:
        if coverage.pk in self.lead.start_sets:
            return True
        return coverage.covers_arrivals and self._is_in_scope(coverage)

    def _is_in_scope(self, coverage: CoverageFacts) -> bool:
        return coverage.scope.takes(self.lead.topic, is_open=self.lead.is_open)

    def _deal_beneath(self, own: CoverageFacts | None) -> Decision:
        """The holder cannot keep it: the holds deal again, from the top one down."""
        wanting = own
        is_there = self.lead.owner_id in self.office.active
        for place, hold in reversed(list(enumerate(self.chain))):
            coverage = self.office.coverages[hold.coverage_id]
            if is_there and not self._is_in_scope(coverage):
                break
            wanting = wanting or coverage
            if dealt := self._deal(coverage, place + 1):
                return self._deal_again(hold, dealt)
        return replace(self._with(), unplaced=wanting.pk if wanting else None)

    def _take(self, coverage: CoverageFacts, origin: int, dealt: Dealt) -> Decision:
        self.acting = coverage.pk
        return self._with(
            Move(
                kind=Kind.START,
                coverage_id=coverage.pk,
                to_id=dealt.member_id,
                why=dealt.why,
                takes_from=origin,
            )
        )

    def _deal_again(self, hold: HoldFacts, dealt: Dealt) -> Decision:
        self.acting = hold.coverage_id
        return self._with(
            Move(
                kind=Kind.START,
                coverage_id=hold.coverage_id,
                to_id=dealt.member_id,
                why=dealt.why,
                hold_id=hold.pk,
            )
        )

    def _deal(
        self, coverage: CoverageFacts, steps: int, holder: int | None = None
    ) -> Dealt | None:
        """Among those free now; never to somebody from whom it came in so many steps."""
        passed = {hold.origin_id for hold in self.chain[:steps]}
        free = self.office.free - passed
        rotation, topic = coverage.rotation, self.lead.topic
        if holder is not None and not rotation.may_keep(holder, topic, free=free):
            holder = None
        first = (holder, self._meant_for(coverage))
        prefer = [member_id for member_id in first if member_id is not None]
        return rotation.deal(topic, free=free, prefer=prefer)

    def _meant_for(self, coverage: CoverageFacts) -> int | None:
        """Whom it is planned for already, or a change of coverer has named."""
        if self.taking and self.taking.coverage_id == coverage.pk:
            return self.taking.change_to or self.taking.to_id
        planned = _planned(self.lead)
        is_ours = planned is not None and planned.coverage_id == coverage.pk
        return planned.to_id if planned and is_ours else None

    # ── Putting it together ─────────────────────────────────────────────────────
    def _end(self, hold: HoldFacts, outcome: Outcome) -> None:
        self.ends.append((hold.pk, outcome))
        self.acting = self.acting or hold.coverage_id

    def _with(self, move: Move | None = None) -> Decision:
        return Decision(
            ends=tuple(self.ends),
            hands_on=tuple(self.hands_on),
            move=move,
            unplaced=None if move else self.unplaced,
            acting=self.acting,
        )
