"""The decision about one lead: who should have it, given everybody who is away.

Pure: from a snapshot to a decision, docs/design/coverage-rules.md, sections 4 and 5.
The live holds of a lead are a chain, lowest first, from its original owner to the
present one.
"""

from dataclasses import dataclass, field, replace

from assignments.services.coverage.decisions import (
    NO_DECISION,
    CoverageSnapshot,
    Decision,
    HoldSnapshot,
    LeadSnapshot,
    MoveKind,
    Outcome,
    PlannedMove,
    Snapshot,
)
from assignments.services.coverage.rotation import Allocation


def plan_lead(lead: LeadSnapshot, office: Snapshot) -> Decision:
    """Return what is to happen with the lead now, with at most one move.

    If a pending change is no plan, that is NO_DECISION. A move that equals the plan is
    left out, so that the plan stays; any other plan goes into `forget`. Choosing a
    member moves the rotation in `office` on.
    """
    if lead.pending and not lead.pending.is_plan:
        return NO_DECISION
    decision = _LeadPlanner(lead, office).plan()
    planned = _planned_move(lead)
    if planned and decision.move and decision.move.is_same(planned):
        return replace(decision, move=None)
    if lead.pending:
        acting = decision.acting or (planned.coverage_id if planned else None)
        return replace(decision, forget=lead.pending.pk, acting=acting)
    return decision


def _planned_move(lead: LeadSnapshot) -> PlannedMove | None:
    """Return the move that the pending row would do, from the holds that it changes.

    None without a pending row, a receiver or such a hold. It is a RETURN if it only
    moves a live hold to its origin, else a START.
    """
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
    return PlannedMove(
        kind=MoveKind.RETURN if is_return else MoveKind.START,
        coverage_id=hold.coverage_id,
        to_id=row.to_id,
        takes_from=taking.origin_id if taking else None,
        hold_id=changed.pk if changed else None,
    )


def _next_hold(
    coverage: CoverageSnapshot, hold: HoldSnapshot, holder: int | None
) -> HoldSnapshot:
    """Return an unsaved hold (pk 0) of `coverage`, with the origin of `hold`.

    Its `to` is `holder`, or that of `hold` if `holder` is None.
    """
    to_id = hold.to_id if holder is None else holder
    return HoldSnapshot(
        pk=0, coverage_id=coverage.pk, origin_id=hold.origin_id, to_id=to_id
    )


@dataclass(slots=True)
class _LeadPlanner:
    """Plans one lead. `ends`, `hands_on` and the chain change while it decides."""

    lead: LeadSnapshot
    office: Snapshot
    ends: list[tuple[int, Outcome]] = field(default_factory=list)
    hands_on: list[tuple[int, int]] = field(default_factory=list)
    chain: list[HoldSnapshot] = field(default_factory=list)
    taking: HoldSnapshot | None = None
    acting: int | None = None
    unplaced: int | None = None

    def plan(self) -> Decision:
        """Return the decision; to be called once, since it changes the planner.

        All holds end as moved if the owner is not the `to` of the top one. Then holds
        of coverages that are over are kept or given back, lowest first; one whose
        return was refused stops all. If none is left, `_cover_owner` decides.
        """
        self.chain = [hold for hold in self.lead.holds if hold.is_live]
        for hold in self.lead.holds:
            if not hold.is_live:
                self._check_planned_hold(hold)
        if self.chain and self.chain[-1].to_id != self.lead.owner_id:
            # Somebody moved it in Smartlead.
            for hold in self.chain:
                self._end(hold, Outcome.MOVED)
            self.chain = []
        while (index := self._lowest_ended()) is not None:
            hold = self.chain[index]
            if hold.refused is MoveKind.RETURN:
                return self._decision()
            if not self._is_kept(hold):
                return self._give_back(index)
            self._keep(index)
        return self._cover_owner()

    # ── What is planned and not sent ────────────────────────────────────────────
    def _check_planned_hold(self, hold: HoldSnapshot) -> None:
        """Store a planned hold in `taking`, unless its coverage is over.

        Then it ends as not taken if its move was refused; otherwise it is ignored.
        """
        if self.office.coverages[hold.coverage_id].is_over:
            # A row that still waits is cancelled, which ends the hold too.
            if hold.refused:
                self._end(hold, Outcome.NOT_TAKEN)
            return
        self.taking = hold

    # ── Ends ────────────────────────────────────────────────────────────────────
    def _lowest_ended(self) -> int | None:
        for index, hold in enumerate(self.chain):
            if self.office.coverages[hold.coverage_id].is_over:
                return index
        return None

    def _is_kept(self, hold: HoldSnapshot) -> bool:
        coverage = self.office.coverages[hold.coverage_id]
        return coverage.is_kept or hold.origin_id not in self.office.active

    def _keep(self, index: int) -> None:
        """Remove the hold from the chain and end it as kept.

        The hold beneath, unless its origin is that coverer, gets the coverer as its
        `to`.
        """
        hold = self.chain.pop(index)
        self._end(hold, Outcome.KEPT)
        if index and self.chain[index - 1].origin_id != hold.to_id:
            beneath = replace(self.chain[index - 1], to_id=hold.to_id)
            self.chain[index - 1] = beneath
            self.hands_on.append((beneath.pk, hold.to_id))

    def _give_back(self, index: int) -> Decision:
        """Return the decision about a hold that is over: a return to its origin.

        If they are away, the lead is carried over to their running coverage; without
        one, or if Smartlead refused that, there is no move.
        """
        hold = self.chain[index]
        self.acting = hold.coverage_id
        if hold.origin_id not in self.office.away:
            move = PlannedMove(
                kind=MoveKind.RETURN,
                coverage_id=hold.coverage_id,
                to_id=hold.origin_id,
                hold_id=hold.pk,
            )
            return self._decision(move)
        following = self.office.running_for(hold.origin_id)
        if following is None or self._has_refused(following):
            return self._decision()
        return self._carry_over(index, following)

    def _has_refused(self, following: CoverageSnapshot) -> bool:
        """Return whether `taking` is a hold of `following` with a refused move."""
        taking = self.taking
        return bool(taking and taking.refused and taking.coverage_id == following.pk)

    def _carry_over(self, index: int, coverage: CoverageSnapshot) -> Decision:
        """Return the decision to pass the lead to that coverage, even out of its scope.

        It is a START to the next member. If that is the owner, or nobody is free, the
        coverage adopts the lead without that move: the hold ends as carried over, those
        above as superseded, and the rest is decided by `_cover_owner`.
        """
        hold, holder = self.chain[index], self.lead.owner_id
        self.acting = coverage.pk
        allocation = self._next_member(coverage, index + 1, holder=holder)
        if allocation and allocation.member_id != holder:
            move = PlannedMove(
                kind=MoveKind.START,
                coverage_id=coverage.pk,
                to_id=allocation.member_id,
                why=allocation.why,
                takes_from=hold.origin_id,
                hold_id=hold.pk,
            )
            return self._decision(move)
        self._end(hold, Outcome.CARRIED_OVER)
        for above in self.chain[index + 1 :]:
            self._end(above, Outcome.SUPERSEDED)
        self.chain[index:] = [_next_hold(coverage, hold, holder)]
        return replace(self._cover_owner(), adopts=(coverage.pk, hold.origin_id))

    # ── Starts, arrivals, other coverers ───────────────────────────────────────────
    def _cover_owner(self) -> Decision:
        """Return the decision for a lead without a hold that is over.

        No move if a start was refused. Then the changes of coverer, lowest hold first.
        Then no move if the owner is nobody, free, or kept out of their coverage by a
        pin; else a hold of their own running coverage if it wants the lead and has
        somebody free; else another coverer by the holds.
        """
        holder = self.lead.owner_id
        if self._is_refused():
            return self._decision()  # nobody else is tried
        for index, hold in enumerate(self.chain):
            if decision := self._replace_coverer(index, hold.change_to):
                return decision
        if holder is None or holder in self.office.free:
            return self._decision()
        own = self.office.running_for(holder)
        if own and own.pk in self.lead.pins:
            return self._decision()
        if own and self._is_wanted(own):
            if allocation := self._next_member(own, len(self.chain)):
                return self._start_hold(own, holder, allocation)
        else:
            own = None
        return self._reassign_by_holds(own)

    def _replace_coverer(self, index: int, named: int | None) -> Decision | None:
        """Return the move by a change of coverer: to `named`, or another if not free.

        None if nobody is named, `named` is the hold's `to`, the owner may keep the
        lead, or nobody is free (then `unplaced` is set).
        """
        if named is None or named == self.chain[index].to_id:
            return None
        if named in self.office.free:
            return self._give_to_named(index, named)
        hold, holder = self.chain[index], self.lead.owner_id
        coverage = self.office.coverages[hold.coverage_id]
        allocation = self._next_member(coverage, index + 1, holder=holder)
        if allocation is None:
            self.unplaced = hold.coverage_id
        if allocation is None or allocation.member_id == holder:
            return None
        return self._move_hold(hold, allocation)

    def _give_to_named(self, index: int, named: int) -> Decision:
        """Return the decision to give the lead to `named`.

        If they own it already, there is no move: the holds above end as superseded and
        the hold gets its new `to`.
        """
        hold = self.chain[index]
        if named != self.lead.owner_id:
            return self._move_hold(hold, Allocation(named, "covers instead"))
        for above in self.chain[index + 1 :]:
            self._end(above, Outcome.SUPERSEDED)
        self.acting = hold.coverage_id
        self.hands_on.append((hold.pk, named))
        return self._decision()

    def _is_refused(self) -> bool:
        """Return whether the move of `taking` or a start of a live hold was refused."""
        taking = self.taking is not None and self.taking.refused is not None
        return taking or any(hold.refused is MoveKind.START for hold in self.chain)

    def _is_wanted(self, coverage: CoverageSnapshot) -> bool:
        """Return whether the lead is in the start set, or an arrival in scope.

        The latter only if the coverage covers arrivals.
        """
        if coverage.pk in self.lead.start_sets:
            return True
        return coverage.covers_arrivals and self._is_in_scope(coverage)

    def _is_in_scope(self, coverage: CoverageSnapshot) -> bool:
        return coverage.scope.takes(self.lead.topic, is_open=self.lead.is_open)

    def _reassign_by_holds(self, own: CoverageSnapshot | None) -> Decision:
        """Return a move to another coverer by the first hold, top down, with one free.

        While the owner is active, it stops at a hold whose coverage's scope lacks the
        lead. Without a move, `unplaced` is `own`, else the first coverage asked, else
        None.
        """
        wanting = own
        is_there = self.lead.owner_id in self.office.active
        for index, hold in reversed(list(enumerate(self.chain))):
            coverage = self.office.coverages[hold.coverage_id]
            if is_there and not self._is_in_scope(coverage):
                break
            wanting = wanting or coverage
            if allocation := self._next_member(coverage, index + 1):
                return self._move_hold(hold, allocation)
        return replace(self._decision(), unplaced=wanting.pk if wanting else None)

    def _start_hold(
        self, coverage: CoverageSnapshot, origin: int, allocation: Allocation
    ) -> Decision:
        self.acting = coverage.pk
        return self._decision(
            PlannedMove(
                kind=MoveKind.START,
                coverage_id=coverage.pk,
                to_id=allocation.member_id,
                why=allocation.why,
                takes_from=origin,
            )
        )

    def _move_hold(self, hold: HoldSnapshot, allocation: Allocation) -> Decision:
        self.acting = hold.coverage_id
        return self._decision(
            PlannedMove(
                kind=MoveKind.START,
                coverage_id=hold.coverage_id,
                to_id=allocation.member_id,
                why=allocation.why,
                hold_id=hold.pk,
            )
        )

    def _next_member(
        self, coverage: CoverageSnapshot, passed_holds: int, holder: int | None = None
    ) -> Allocation | None:
        """Return the next free member of the coverage's rotation, or None.

        The rotation moves on, unless somebody preferred is chosen: `holder` if they may
        keep the lead, then the member already intended. Origins of the lowest
        `passed_holds` holds are not chosen.
        """
        passed = {hold.origin_id for hold in self.chain[:passed_holds]}
        free = self.office.free - passed
        rotation, topic = coverage.rotation, self.lead.topic
        if holder is not None and not rotation.may_keep(holder, topic, free=free):
            holder = None
        first = (holder, self._intended_member(coverage))
        prefer = [member_id for member_id in first if member_id is not None]
        return rotation.next_member(topic, free=free, prefer=prefer)

    def _intended_member(self, coverage: CoverageSnapshot) -> int | None:
        """Return the member already named for this coverage, else None.

        By `taking` it is its `change_to`, else its `to`; else that of the planned move.
        """
        if self.taking and self.taking.coverage_id == coverage.pk:
            return self.taking.change_to or self.taking.to_id
        planned = _planned_move(self.lead)
        is_ours = planned is not None and planned.coverage_id == coverage.pk
        return planned.to_id if planned and is_ours else None

    # ── Putting it together ─────────────────────────────────────────────────────
    def _end(self, hold: HoldSnapshot, outcome: Outcome) -> None:
        self.ends.append((hold.pk, outcome))
        self.acting = self.acting or hold.coverage_id

    def _decision(self, move: PlannedMove | None = None) -> Decision:
        """Return the ends and changes so far, with this move.

        `unplaced` is kept only without a move.
        """
        return Decision(
            ends=tuple(self.ends),
            hands_on=tuple(self.hands_on),
            move=move,
            unplaced=None if move else self.unplaced,
            acting=self.acting,
        )
