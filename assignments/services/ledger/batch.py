"""Carrying out a plan: one batch of assignments, one outcome per lead."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from assignments.models import Assignment, Batch, Lead, Member, User
from assignments.models.assignment import AUTOMATIC, Cause, State, Urgency
from assignments.services import access
from assignments.services.ledger import holds
from assignments.services.ledger.transitions import REPLACED, finish
from assignments.task_queue import nudge_dispatch


@dataclass(frozen=True, slots=True)
class Proposal:
    """Give this lead to that member, and why. `to_id` None: skip it, and why."""

    lead_id: int
    to_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    cause: Cause
    reason: str
    proposals: tuple[Proposal, ...]

    @property
    def is_automatic(self) -> bool:
        return self.cause in AUTOMATIC

    @property
    def urgency(self) -> Urgency:
        return URGENCY_OF[self.cause]


URGENCY_OF = {
    Cause.MANUAL: Urgency.CLICK,
    Cause.UNDO: Urgency.CLICK,
    Cause.COVERAGE_RETURN: Urgency.COVERAGE_RETURN,
    Cause.COVERAGE_START: Urgency.COVERAGE_START,
    Cause.BULK: Urgency.BULK,
    Cause.REBALANCE: Urgency.BULK,
    Cause.ROUTING: Urgency.RULE,
}


def plan_for_one_member(
    leads: Iterable[Lead], to: Member, *, reason: str, cause: Cause = Cause.BULK
) -> Plan:
    """All these leads to one member."""
    return Plan(
        cause=cause,
        reason=reason,
        proposals=tuple(Proposal(lead.pk, to.pk, reason) for lead in leads),
    )


@transaction.atomic
def apply_plan(plan: Plan, *, actor: User | None, at: datetime) -> Batch:
    """Write a plan's assignments in one transaction; the dispatcher sends them.

    A person's plan replaces what waits; an automatic one skips leads with a change
    waiting or on its way. Raises NotAllowed when the actor may not move a lead.
    """
    leads = _locked([proposal.lead_id for proposal in plan.proposals])
    members = Member.objects.in_bulk()
    _check(plan, leads, members, actor)
    batch = Batch.objects.create(
        cause=plan.cause, actor=actor, reason=plan.reason, created_at=at
    )
    scene = _Scene(plan, batch, leads, members, _pending(leads), at)
    rows = [
        _row(scene, proposal)
        for proposal in plan.proposals
        if proposal.lead_id in leads
    ]
    _make_room(rows, scene)
    rows.sort(key=_place_in_owners_list)
    Assignment.objects.bulk_create(rows, batch_size=500)
    for row in scene.kept:
        holds.settle(row, at=at)
    nudge_dispatch()
    return batch


type Pending = dict[int, dict[str, Assignment]]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What stands around a plan while it is being written."""

    plan: Plan
    batch: Batch
    leads: dict[int, Lead]
    members: dict[int, Member]
    pending: Pending
    at: datetime
    # Rows that came to their end as they were made, because nothing is left to change.
    kept: list[Assignment] = field(default_factory=list)


def _locked(ids: Iterable[int]) -> dict[int, Lead]:
    leads = Lead.objects.select_for_update(of=("self",)).filter(pk__in=list(ids))
    return {lead.pk: lead for lead in leads.order_by("map_id")}


def _check(
    plan: Plan, leads: dict[int, Lead], members: dict[int, Member], actor: User | None
) -> None:
    # Whoever acts on a coverage has been checked for the coverage as a whole.
    if actor is None or plan.is_automatic or access.is_manager(actor):
        return
    access.check_assign_many(actor)
    for proposal in plan.proposals:
        to = members.get(proposal.to_id) if proposal.to_id else None
        if proposal.lead_id in leads:
            access.check_assign(actor, lead=leads[proposal.lead_id], to=to)


def _pending(leads: dict[int, Lead]) -> Pending:
    pending: Pending = {}
    rows = Assignment.objects.pending().filter(lead__in=leads).select_related("to")
    for row in rows:
        pending.setdefault(row.lead_id, {})[row.state] = row
    return pending


def _row(scene: _Scene, proposal: Proposal) -> Assignment:
    lead = scene.leads[proposal.lead_id]
    before = scene.pending.get(lead.pk, {})
    row = Assignment(
        lead=lead,
        to_id=proposal.to_id,
        expected_id=lead.owner_id,
        expected_known=lead.owner_is_known,
        cause=scene.plan.cause,
        actor=scene.batch.actor,
        reason=proposal.reason,
        urgency=scene.plan.urgency,
        batch=scene.batch,
        created_at=scene.at,
    )
    if waiting := before.get(State.WAITING):
        row.expected_id = waiting.expected_id
        row.expected_known = waiting.expected_known
    if why_not := _why_skip(scene, proposal, lead):
        row.state, row.finished_at, row.outcome = State.SKIPPED, scene.at, why_not
    elif sending := before.get(State.SENDING):
        row.after, row.expected_id, row.expected_known = sending, sending.to_id, True
    return row


def _place_in_owners_list(row: Assignment) -> tuple[int, float]:
    """Sent in this order, leads of one page of their owner's list follow each other."""
    replied_at = row.lead.listed_reply_at
    return row.expected_id or 0, -replied_at.timestamp() if replied_at else 0.0


def _why_skip(scene: _Scene, proposal: Proposal, lead: Lead) -> str | None:
    before = scene.pending.get(lead.pk, {})
    newest = before.get(State.WAITING) or before.get(State.SENDING)
    if proposal.to_id is None:
        return proposal.reason
    to = scene.members[proposal.to_id]
    if lead.gone_at:
        return "Smartlead no longer has this lead."
    if not to.is_active:
        return f"{to} has been deactivated."
    if newest and scene.plan.is_automatic:
        return f"It is already on its way to {newest.to}."
    if newest and newest.to_id == to.pk:
        return f"It is already on its way to {to}."
    if not newest and lead.owner_is_known and lead.owner_id == to.pk:
        return f"{to} already has it."
    return None


def _make_room(rows: list[Assignment], scene: _Scene) -> None:
    """What waited gives way to the new decision, also where that only cancels it."""
    for row in rows:
        waiting = scene.pending.get(row.lead_id, {}).get(State.WAITING)
        if row.state != State.WAITING or waiting is None:
            continue
        finish(waiting, state=State.CANCELLED, outcome=REPLACED, at=scene.at)
        if row.expected_known and row.expected_id == row.to_id:
            row.state, row.finished_at, row.after = State.SKIPPED, scene.at, None
            row.outcome = f"{row.to} keeps it: the waiting change was cancelled."
            scene.kept.append(row)
