"""Write confirmed plans into the ledger, some hundred leads at a time.

Twenty thousand rows in one transaction would hold the confirming request, and on SQLite
everybody else's writes, for seconds. So the confirmation only fixes the plan, and the
chunks follow: each in one transaction with the count of what is written, so that a
killed worker costs nothing and a second one writes nothing twice.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from assignments.models import (
    Assignment,
    Lead,
    Note,
    SavedPlan,
)
from assignments.models.assignment import State, Urgency
from assignments.models.plan import PlanEntry
from assignments.services import note_templates
from assignments.services.bulk import capacity
from assignments.services.bulk.revalidation import (
    LeadState,
    PlanState,
    load_plan_state,
    skip_reason,
)
from assignments.services.ledger import holds, notes
from assignments.services.ledger.new_row import (
    NOTHING_PENDING,
    end_unsaved,
    expect_owner,
    supersede,
)
from assignments.services.ledger.transitions import REPLACED
from assignments.task_queue import nudge_dispatch

CHUNK = 500


def unwritten_plans() -> list[SavedPlan]:
    """Return the plans that are not all in the ledger yet, first confirmed first.

    Cancelled ones too: their rows will be written as cancelled.
    """
    plans = SavedPlan.objects.filter(confirmed_at__isnull=False, written__lt=F("total"))
    return list(plans.defer("packed").order_by("confirmed_at", "pk"))


def write_next_chunk() -> int:
    """Write a chunk of the first of `unwritten_plans`; return how many entries, or 0."""
    plans = unwritten_plans()
    return write_chunk(plan=plans[0], at=timezone.now()) if plans else 0


@transaction.atomic
def write_chunk(*, plan: SavedPlan, at: datetime) -> int:
    """Write the next CHUNK entries of a confirmed plan; return how many that were.

    Entries whose lead must be left alone by now become skipped rows, those of a
    cancelled plan cancelled ones; leads not in the database get none. Updates `plan` in
    memory and wakes the dispatcher.
    """
    locked = SavedPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    entries = list(locked.entries(locked.written, CHUNK))
    if entries:
        _write_entries(locked, entries, at)
        locked.written += len(entries)
        locked.save(update_fields=["written"])
        nudge_dispatch()
    plan.written, plan.cancelled_at = locked.written, locked.cancelled_at
    plan.batch, plan.confirmed_at = locked.batch, locked.confirmed_at
    return len(entries)


def _write_entries(plan: SavedPlan, entries: Sequence[PlanEntry], at: datetime) -> None:
    capacity.lock_capped_members(plan)
    leads = _lock_leads(entries)
    plan_state = load_plan_state(plan, list(leads), at=at)
    rows = [
        _build_row(plan_state, entry, leads[entry.lead_id])
        for entry in entries
        if entry.lead_id in leads
    ]
    _skip_beyond_capacity(plan, rows, at)
    skipped = _supersede_waiting(rows, plan_state)
    Assignment.objects.bulk_create(rows, batch_size=CHUNK)
    for row in skipped:
        holds.apply_final_state(row, at=at)
    if plan.note:
        Note.objects.bulk_create(_build_notes(rows, plan_state), batch_size=CHUNK)


def _skip_beyond_capacity(
    plan: SavedPlan, rows: Sequence[Assignment], at: datetime
) -> None:
    """End waiting rows as SKIPPED, without `after`, if their member has no room now."""
    stays = {row.lead_id for row in rows if row.state != State.WAITING}
    beyond_capacity = capacity.over_capacity(plan, without=stays)
    for row in rows:
        if row.lead_id in beyond_capacity and row.state == State.WAITING:
            end_unsaved(row, State.SKIPPED, beyond_capacity[row.lead_id], at)
            row.after = None


def _lock_leads(entries: Sequence[PlanEntry]) -> dict[int, Lead]:
    ids = [entry.lead_id for entry in entries]
    known = Lead.objects.select_for_update(of=("self",)).select_related("campaign")
    return {lead.pk: lead for lead in known.filter(pk__in=ids).order_by("map_id")}


def _build_row(plan_state: PlanState, entry: PlanEntry, lead: Lead) -> Assignment:
    plan = plan_state.plan
    row = Assignment(
        lead=lead,
        to=plan_state.members.get(entry.to_id or 0),
        cause=plan.cause,
        actor=plan.actor,
        reason=entry.reason if entry.to_id else plan.reason,
        urgency=Urgency.BULK,
        batch=plan.batch,
        reverses_id=entry.reverses_id,
        created_at=plan_state.confirmed_at,
    )
    pending = plan_state.pending.get(lead.pk, NOTHING_PENDING)
    if plan.cancelled_at and entry.to_id:
        end_unsaved(
            row, State.CANCELLED, f"{plan.cancelled_by} cancelled it.", plan_state.at
        )
    elif why_not := skip_reason(plan_state, entry, _standing(lead)):
        end_unsaved(row, State.SKIPPED, why_not, plan_state.at)
    is_open = row.state == State.WAITING
    expect_owner(row, lead, pending if is_open else pending.without_sending())
    return row


def _standing(lead: Lead) -> LeadState:
    return LeadState(
        lead_id=lead.pk,
        owner_id=lead.owner_id,
        owner_is_known=lead.owner_is_known,
        is_gone=lead.gone_at is not None,
    )


def _supersede_waiting(
    rows: Sequence[Assignment], plan_state: PlanState
) -> list[Assignment]:
    """Cancel the waiting rows of leads for which an unsaved row is to wait.

    Returns the unsaved rows that ended as SKIPPED by that: the lead stays with its
    owner.
    """
    skipped = []
    for row in rows:
        waiting = plan_state.pending.get(row.lead_id, NOTHING_PENDING).waiting
        if row.state != State.WAITING or waiting is None:
            continue
        supersede(waiting, row, outcome=REPLACED, at=plan_state.at)
        if row.state == State.SKIPPED:
            row.after = None
            skipped.append(row)
    return skipped


def _build_notes(rows: Sequence[Assignment], plan_state: PlanState) -> list[Note]:
    return [
        Note(
            lead=row.lead,
            assignment=row,
            author=plan_state.plan.actor,
            text=_note_text(row, plan_state),
            reference=notes.new_note_reference(),
            created_at=plan_state.confirmed_at,
        )
        for row in rows
        if row.state == State.WAITING
    ]


def _note_text(row: Assignment, plan_state: PlanState) -> str:
    """Return the plan's note filled in for one row, cut to LONGEST_NOTE characters.

    {previous} is "nobody" if no owner was expected.
    """
    previous = plan_state.members.get(row.expected_id or 0, "nobody")
    values = {
        "lead": row.lead.name,
        "company": row.lead.company,
        "campaign": str(row.lead.campaign or ""),
        "owner": str(plan_state.members[row.to_id or 0]),
        "previous": str(previous),
    }
    return note_templates.fill_placeholders(plan_state.plan.note, values)[
        : notes.LONGEST_NOTE
    ]
