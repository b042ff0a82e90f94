"""A confirmed plan becomes rows of the ledger, some hundred leads at a time.

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
from assignments.models.plan import Entry
from assignments.services import note_templates
from assignments.services.bulk import capacity
from assignments.services.bulk.revalidation import Scene, Standing, scene_of, why_skip
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


def unwritten() -> list[SavedPlan]:
    """Confirmed plans that are not all in the ledger yet, oldest first."""
    plans = SavedPlan.objects.filter(confirmed_at__isnull=False, written__lt=F("total"))
    return list(plans.defer("packed").order_by("confirmed_at", "pk"))


def write_next_chunk() -> int:
    """Write the next entries of the oldest unwritten plan; return how many."""
    plans = unwritten()
    return write_chunk(plan=plans[0], at=timezone.now()) if plans else 0


@transaction.atomic
def write_chunk(*, plan: SavedPlan, at: datetime) -> int:
    """Write the next entries of a plan; how many. Brings `plan` up to date."""
    locked = SavedPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    entries = list(locked.entries(locked.written, CHUNK))
    if entries:
        _write(locked, entries, at)
        locked.written += len(entries)
        locked.save(update_fields=["written"])
        nudge_dispatch()
    plan.written, plan.cancelled_at = locked.written, locked.cancelled_at
    plan.batch, plan.confirmed_at = locked.batch, locked.confirmed_at
    return len(entries)


def _write(plan: SavedPlan, entries: Sequence[Entry], at: datetime) -> None:
    capacity.lock_members(plan)
    leads = _locked(entries)
    scene = scene_of(plan, list(leads), at=at)
    rows = [
        _row(scene, entry, leads[entry.lead_id])
        for entry in entries
        if entry.lead_id in leads
    ]
    _leave_what_is_too_much(plan, rows, at)
    kept = _make_room(rows, scene)
    Assignment.objects.bulk_create(rows, batch_size=CHUNK)
    for row in kept:
        holds.settle(row, at=at)
    if plan.note:
        Note.objects.bulk_create(_notes(rows, scene), batch_size=CHUNK)


def _leave_what_is_too_much(
    plan: SavedPlan, rows: Sequence[Assignment], at: datetime
) -> None:
    stays = {row.lead_id for row in rows if row.state != State.WAITING}
    full = capacity.too_many(plan, without=stays)
    for row in rows:
        if row.lead_id in full and row.state == State.WAITING:
            end_unsaved(row, State.SKIPPED, full[row.lead_id], at)
            row.after = None


def _locked(entries: Sequence[Entry]) -> dict[int, Lead]:
    ids = [entry.lead_id for entry in entries]
    known = Lead.objects.select_for_update(of=("self",)).select_related("campaign")
    return {lead.pk: lead for lead in known.filter(pk__in=ids).order_by("map_id")}


def _row(scene: Scene, entry: Entry, lead: Lead) -> Assignment:
    plan = scene.plan
    row = Assignment(
        lead=lead,
        to=scene.members.get(entry.to_id or 0),
        cause=plan.cause,
        actor=plan.actor,
        reason=entry.reason if entry.to_id else plan.reason,
        urgency=Urgency.BULK,
        batch=plan.batch,
        reverses_id=entry.reverses_id,
        created_at=scene.confirmed_at,
    )
    pending = scene.pending.get(lead.pk, NOTHING_PENDING)
    if plan.cancelled_at and entry.to_id:
        end_unsaved(
            row, State.CANCELLED, f"{plan.cancelled_by} cancelled it.", scene.at
        )
    elif why_not := why_skip(scene, entry, _standing(lead)):
        end_unsaved(row, State.SKIPPED, why_not, scene.at)
    is_open = row.state == State.WAITING
    expect_owner(row, lead, pending if is_open else pending.without_sending())
    return row


def _standing(lead: Lead) -> Standing:
    return Standing(
        lead_id=lead.pk,
        owner_id=lead.owner_id,
        owner_is_known=lead.owner_is_known,
        is_gone=lead.gone_at is not None,
    )


def _make_room(rows: Sequence[Assignment], scene: Scene) -> list[Assignment]:
    """What waited gives way to the new decision; the rows that only cancel it."""
    kept = []
    for row in rows:
        waiting = scene.pending.get(row.lead_id, NOTHING_PENDING).waiting
        if row.state != State.WAITING or waiting is None:
            continue
        supersede(waiting, row, outcome=REPLACED, at=scene.at)
        if row.state == State.SKIPPED:
            row.after = None
            kept.append(row)
    return kept


def _notes(rows: Sequence[Assignment], scene: Scene) -> list[Note]:
    return [
        Note(
            lead=row.lead,
            assignment=row,
            author=scene.plan.actor,
            text=_note_text(row, scene),
            reference=notes.new_reference(),
            created_at=scene.confirmed_at,
        )
        for row in rows
        if row.state == State.WAITING
    ]


def _note_text(row: Assignment, scene: Scene) -> str:
    previous = scene.members.get(row.expected_id or 0, "nobody")
    values = {
        "lead": row.lead.name,
        "company": row.lead.company,
        "campaign": str(row.lead.campaign or ""),
        "owner": str(scene.members[row.to_id or 0]),
        "previous": str(previous),
    }
    return note_templates.fill(scene.plan.note, values)[: notes.LONGEST]
