"""Write the automatic plans of rules and coverages into the ledger, one batch each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from assignments.models import Assignment, Batch, Lead, Member, User
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.ledger.batch_names import batch_name
from assignments.services.ledger.new_row import (
    NOTHING_PENDING,
    PendingRows,
    end_unsaved,
    expect_owner,
    pending_rows,
)
from assignments.services.ledger.transitions import LEAD_GONE
from assignments.task_queue import nudge_dispatch

URGENCY_OF = {
    Cause.COVERAGE_RETURN: Urgency.COVERAGE_RETURN,
    Cause.COVERAGE_START: Urgency.COVERAGE_START,
    Cause.ROUTING: Urgency.RULE,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One lead of a plan. With `to_id` None it is skipped, and `reason` says why."""

    lead_id: int
    to_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticPlan:
    """Assignments that a rule or a coverage wants for some leads.

    `subject` begins the name of their batch: "Ana away".
    """

    cause: Cause
    reason: str
    subject: str = ""
    proposals: tuple[Proposal, ...]


@transaction.atomic
def apply_plan(plan: AutomaticPlan, *, actor: User | None, at: datetime) -> Batch:
    """Create and return a batch with one row per proposal, and wake the dispatcher.

    Rows wait to be sent. SKIPPED are those without `to_id`, and those whose lead is
    gone, has a pending row, or is known to be with that member, or whose member is
    deactivated. Leads not in the database get no row. Rights are not checked. Raises
    KeyError for an unknown `to_id`.
    """
    leads = _lock_leads(proposal.lead_id for proposal in plan.proposals)
    members = Member.objects.in_bulk()
    batch = Batch.objects.create(
        cause=plan.cause, actor=actor, reason=plan.reason, created_at=at
    )
    pending = pending_rows(leads)
    rows = [
        _build_row(
            batch,
            proposal,
            lead=leads[proposal.lead_id],
            members=members,
            pending=pending.get(proposal.lead_id, NOTHING_PENDING),
        )
        for proposal in plan.proposals
        if proposal.lead_id in leads
    ]
    _name_batch(batch, plan, rows, members)
    rows.sort(key=_place_in_owners_list)
    Assignment.objects.bulk_create(rows, batch_size=500)
    nudge_dispatch()
    return batch


def _name_batch(
    batch: Batch,
    plan: AutomaticPlan,
    rows: Iterable[Assignment],
    members: Mapping[int, Member],
) -> None:
    """Save the batch's name, which counts the rows that wait; none without a subject."""
    if plan.subject:
        waiting = [row for row in rows if row.state == State.WAITING]
        gains = Counter(row.to_id for row in waiting if row.to_id is not None)
        batch.name = batch_name(plan.subject, gains, members)
        batch.save(update_fields=["name"])


def _lock_leads(ids: Iterable[int]) -> dict[int, Lead]:
    leads = Lead.objects.select_for_update(of=("self",)).filter(pk__in=list(ids))
    return {lead.pk: lead for lead in leads.order_by("map_id")}


def _build_row(
    batch: Batch,
    proposal: Proposal,
    *,
    lead: Lead,
    members: Mapping[int, Member],
    pending: PendingRows,
) -> Assignment:
    to = members[proposal.to_id] if proposal.to_id is not None else None
    row = Assignment(
        lead=lead,
        to=to,
        cause=batch.cause,
        actor=batch.actor,
        reason=proposal.reason,
        urgency=URGENCY_OF[Cause(batch.cause)],
        batch=batch,
        created_at=batch.created_at,
    )
    expect_owner(row, lead, pending.without_sending())
    if reason := _skip_reason(lead, to, pending.newest) if to else proposal.reason:
        end_unsaved(row, State.SKIPPED, reason, batch.created_at)
    return row


def _skip_reason(lead: Lead, to: Member, newest: Assignment | None) -> str:
    if lead.gone_at:
        return LEAD_GONE
    if not to.is_active:
        return f"{to} has been deactivated."
    if newest:
        return f"It is already on its way to {newest.to}."
    if lead.owner_is_known and lead.owner_id == to.pk:
        return f"{to} already has it."
    return ""


def _place_in_owners_list(row: Assignment) -> tuple[int, float]:
    """Return a sort key: the expected owner's id (0 for none), then newest reply first.

    Leads of one page of their owner's list are sent one after the other like that;
    those without a listed reply come last.
    """
    replied_at = row.lead.listed_reply_at
    return row.expected_id or 0, -replied_at.timestamp() if replied_at else 0.0
