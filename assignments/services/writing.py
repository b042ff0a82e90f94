"""A confirmed plan becomes rows of the ledger, some hundred leads at a time.

Twenty thousand rows in one transaction would hold the confirming request, and on SQLite
everybody else's writes, for seconds. So the confirmation only fixes the plan, and the
chunks follow: each in one transaction with the count of what is written, so that a
killed worker costs nothing and a second one writes nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from assignments.models import (
    Assignment,
    Batch,
    Coverage,
    Lead,
    Member,
    Note,
    SavedPlan,
)
from assignments.models.assignment import AUTOMATIC, PERSONAL, Cause, State, Urgency
from assignments.models.plan import UNKNOWN, Entry
from assignments.nudges import nudge_dispatch, nudge_plans
from assignments.services import access, notes, placeholders
from assignments.services.coverage import holds
from assignments.services.coverage.absences import away_now
from assignments.services.ledger import REPLACED, finish
from assignments.services.proposing import NOT_YOURS, away_until, may_move

CHUNK = 500

nudge = nudge_plans


def unwritten() -> list[SavedPlan]:
    """Confirmed plans that are not all in the ledger yet, oldest first."""
    plans = SavedPlan.objects.filter(confirmed_at__isnull=False, written__lt=F("total"))
    return list(plans.defer("packed").order_by("confirmed_at", "pk"))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    plan: SavedPlan
    batch: Batch
    leads: dict[int, Lead]
    members: dict[int, Member]
    away: dict[int, Coverage]
    pending: dict[int, dict[str, Assignment]]
    # Leads about which a person decided after this plan was confirmed: the decision.
    later: dict[int, Assignment]
    movable: frozenset[int | None] | None
    choosable: frozenset[int]
    at: datetime

    @property
    def confirmed_at(self) -> datetime:
        assert self.plan.confirmed_at is not None  # noqa: S101  only then it is written
        return self.plan.confirmed_at

    def absence(self, member_id: int) -> Coverage | None:
        """An absence that the person who confirmed could not know of."""
        known: list[int] = self.plan.summary.get("away", [])
        if self.plan.cause == Cause.UNDO or member_id in known:
            return None
        return self.away.get(member_id)


def _write(plan: SavedPlan, entries: Sequence[Entry], at: datetime) -> None:
    scene = _scene(plan, entries, at)
    rows = [_row(scene, entry) for entry in entries if entry.lead_id in scene.leads]
    kept = _make_room(rows, scene)
    Assignment.objects.bulk_create(rows, batch_size=CHUNK)
    for row in kept:
        holds.settle(row, at=at)
    if plan.note:
        Note.objects.bulk_create(_notes(rows, scene), batch_size=CHUNK)


def _scene(plan: SavedPlan, entries: Sequence[Entry], at: datetime) -> _Scene:
    assert plan.batch is not None  # noqa: S101  only a confirmed plan is written
    ids = [entry.lead_id for entry in entries]
    known = Lead.objects.select_for_update(of=("self",)).select_related("campaign")
    leads = {lead.pk: lead for lead in known.filter(pk__in=ids).order_by("map_id")}
    pending: dict[int, dict[str, Assignment]] = {}
    for row in Assignment.objects.pending().filter(lead__in=ids):
        pending.setdefault(row.lead_id, {})[row.state] = row
    later = Assignment.objects.filter(
        lead__in=ids, created_at__gt=plan.confirmed_at, cause__in=PERSONAL
    ).exclude(state__in=(State.SKIPPED, State.CANCELLED))
    return _Scene(
        plan=plan,
        batch=plan.batch,
        leads=leads,
        members={member.pk: member for member in Member.objects.all()},
        away=away_now(at),
        pending=pending,
        later={row.lead_id: row for row in later.select_related("actor", "to")},
        movable=access.movable_owners(plan.actor),
        choosable=frozenset(
            access.members_to_choose(plan.actor).values_list("pk", flat=True)
        ),
        at=at,
    )


def _row(scene: _Scene, entry: Entry) -> Assignment:
    lead, plan = scene.leads[entry.lead_id], scene.plan
    before = scene.pending.get(lead.pk, {})
    row = Assignment(
        lead=lead,
        to_id=entry.to_id,
        expected_id=lead.owner_id,
        expected_known=lead.owner_is_known,
        cause=plan.cause,
        actor=plan.actor,
        reason=entry.reason if entry.to_id else plan.reason,
        urgency=Urgency.BULK,
        batch=scene.batch,
        reverses_id=entry.reverses_id,
        created_at=scene.confirmed_at,
    )
    if waiting := before.get(State.WAITING):
        row.expected_id = waiting.expected_id
        row.expected_known = waiting.expected_known
    if plan.cancelled_at and entry.to_id:
        _end(row, State.CANCELLED, f"{plan.cancelled_by} cancelled it.", scene.at)
    elif why_not := _why_skip(scene, entry, lead):
        _end(row, State.SKIPPED, why_not, scene.at)
    elif sending := before.get(State.SENDING):
        row.after, row.expected_id, row.expected_known = sending, sending.to_id, True
    return row


def _end(row: Assignment, state: State, outcome: str, at: datetime) -> None:
    row.state, row.outcome, row.finished_at = state, outcome[:500], at


def _why_skip(scene: _Scene, entry: Entry, lead: Lead) -> str:
    """Why this lead is left alone now; empty if it goes as the preview said."""
    if entry.to_id is None:
        return entry.reason
    to = scene.members[entry.to_id]
    if lead.gone_at:
        return "Smartlead no longer has this lead."
    if not to.is_active:
        return f"{to} has been deactivated since the preview."
    if to.pk not in scene.choosable and scene.plan.cause != Cause.UNDO:
        return f"{to} is no longer in a team of {scene.plan.actor}."
    if coverage := scene.absence(to.pk):
        return f"{to} is {away_until(coverage)}, since the preview."
    if decided := _decided_since(scene, entry, lead):
        return decided
    if not may_move(scene.movable, lead.owner_id, is_known=lead.owner_is_known):
        return NOT_YOURS
    return _moved_since(entry, lead, scene)


def _decided_since(scene: _Scene, entry: Entry, lead: Lead) -> str:
    if later := scene.later.get(lead.pk):
        return f"{later.actor} decided later: it goes to {later.to}."
    for row in scene.pending.get(lead.pk, {}).values():
        to = scene.members[row.to_id or 0]
        if row.to_id == entry.to_id:
            return f"It is already on its way to {to}."
        if row.cause not in AUTOMATIC and row.pk != entry.reverses_id:
            return f"Another decision came first: it is on its way to {to}."
    return ""


def _moved_since(entry: Entry, lead: Lead, scene: _Scene) -> str:
    now_with = lead.owner_id if lead.owner_is_known else UNKNOWN
    is_being_sent = entry.reverses_id is not None and lead.pk in scene.pending
    if now_with == entry.shown_id or is_being_sent:
        return ""
    holder = scene.members[now_with] if now_with else "nobody"
    if now_with == UNKNOWN:
        return "Smartlead no longer says who has it."
    return f"It has moved since the preview: it is with {holder} now."


def _make_room(rows: Sequence[Assignment], scene: _Scene) -> list[Assignment]:
    """What waited gives way to the new decision; the rows that only cancel it."""
    kept = []
    for row in rows:
        waiting = scene.pending.get(row.lead_id, {}).get(State.WAITING)
        if row.state != State.WAITING or waiting is None:
            continue
        finish(waiting, state=State.CANCELLED, outcome=REPLACED, at=scene.at)
        if row.expected_known and row.expected_id == row.to_id:
            to = scene.members[row.to_id or 0]
            row.after = None
            _end(
                row,
                State.SKIPPED,
                f"{to} keeps it: the waiting change was cancelled.",
                scene.at,
            )
            kept.append(row)
    return kept


def _notes(rows: Sequence[Assignment], scene: _Scene) -> list[Note]:
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


def _note_text(row: Assignment, scene: _Scene) -> str:
    previous = scene.members.get(row.expected_id or 0, "nobody")
    values = {
        "lead": row.lead.name,
        "company": row.lead.company,
        "campaign": str(row.lead.campaign or ""),
        "owner": str(scene.members[row.to_id or 0]),
        "previous": str(previous),
    }
    return placeholders.fill(scene.plan.note, values)[: notes.LONGEST]
