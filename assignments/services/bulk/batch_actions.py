"""Actions on a whole batch: pause, resume, cancel, retry what was refused."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from assignments.models import Assignment, Batch, Lead, SavedPlan, User
from assignments.models.assignment import PERSONAL, Cause, State, Urgency
from assignments.models.plan import UNKNOWN, PlanEntry
from assignments.services import access
from assignments.services.bulk import plans
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.transitions import cancel_waiting
from assignments.services.sight import Sight
from assignments.task_queue import nudge_dispatch

CHUNK = 500


def check_can_control(user: User, batch: Batch) -> None:
    """Raise NotAllowed with the sentence of `why_not_control`, if there is one."""
    if why_not := why_not_control(user, batch):
        raise NotAllowed(why_not)


def why_not_control(user: User, batch: Batch) -> str:
    """Return a sentence why the user may not change or undo the batch; "" if they may.

    Nobody may with a batch whose cause is not in PERSONAL. Of the others a sales
    manager may with all, a team lead with those they made, a member with none.
    """
    if batch.cause not in PERSONAL:
        return "Handoff made this batch by itself: change its coverage or rule instead."
    if access.is_manager(user):
        return ""
    if access.role_of(user) == access.Role.MEMBER:
        return "Only a team lead or a sales manager can change a batch."
    if batch.actor_id != user.pk:
        return f"{batch.actor} made this batch. Ask them or a sales manager."
    return ""


@transaction.atomic
def pause_batch(*, batch: Batch, actor: User, at: datetime) -> None:
    """Hold the batch's waiting rows back until it is resumed; a paused one stays so.

    Rows being sent and rows that somebody clicked for go on. Raises NotAllowed, or
    AssignmentRefused if no row is pending and none is left to write.
    """
    check_can_control(actor, batch)
    if not _has_pending_rows(batch) and not _is_being_written(batch):
        raise AssignmentRefused("Nothing of this batch is left to send.")
    Batch.objects.filter(pk=batch.pk, paused_at=None).update(paused_at=at)


@transaction.atomic
def resume_batch(*, batch: Batch, actor: User) -> None:
    """Let a paused batch go on and wake the dispatcher. Raises NotAllowed."""
    check_can_control(actor, batch)
    Batch.objects.filter(pk=batch.pk).update(paused_at=None)
    nudge_dispatch()


def _has_pending_rows(batch: Batch) -> bool:
    return Assignment.objects.pending().filter(batch=batch).exists()


def _is_being_written(batch: Batch) -> bool:
    plans_of_batch = SavedPlan.objects.filter(batch=batch, cancelled_at=None)
    return plans_of_batch.filter(written__lt=F("total")).exists()


def unsent_rows(batch: Batch) -> QuerySet[Assignment]:
    """Return the batch's waiting rows that end when it is cancelled.

    Rows that somebody also clicked for by themselves are left out: those are still
    sent.
    """
    waiting = Assignment.objects.waiting().filter(batch=batch)
    return waiting.filter(urgency__gt=Urgency.CLICK)


def cancel_batch(*, batch: Batch, actor: User, at: datetime) -> int:
    """Cancel all `unsent_rows`; return how many leads that affects.

    Rows not yet written count too; they will be written as cancelled. Commits in chunks
    of CHUNK leads. Raises NotAllowed.
    """
    check_can_control(actor, batch)
    unwritten = _stop_writing(batch, actor, at)
    outcome = f"{actor} cancelled the batch before it was sent."
    cancelled = 0
    while leads := _waiting_leads(batch):
        with transaction.atomic():
            cancelled += _cancel(batch, leads, outcome, at)
    return cancelled + unwritten


def _stop_writing(batch: Batch, actor: User, at: datetime) -> int:
    """Mark the batch's plan as cancelled; return how many entries it had not written.

    Returns 0 if there is no plan, it is cancelled already, or nothing is left to write
    or send.
    """
    with transaction.atomic():
        locked = SavedPlan.objects.select_for_update(of=("self",))
        for plan in locked.filter(batch=batch, cancelled_at=None):
            if not (plan.unwritten or _has_pending_rows(batch)):
                continue
            plan.cancelled_at, plan.cancelled_by = at, actor
            plan.save(update_fields=["cancelled_at", "cancelled_by"])
            return plan.unwritten
    return 0


def _waiting_leads(batch: Batch) -> list[int]:
    waiting = unsent_rows(batch).order_by("lead")
    return list(waiting.values_list("lead", flat=True)[:CHUNK])


def _cancel(batch: Batch, leads: Sequence[int], outcome: str, at: datetime) -> int:
    locked = Lead.objects.select_for_update().filter(pk__in=leads).order_by("map_id")
    ids = [lead.pk for lead in locked.only("pk")]
    rows = unsent_rows(batch).filter(lead__in=ids).values_list("pk", flat=True)
    return cancel_waiting(list(rows), outcome=outcome, at=at)


def retry_refused(*, batch: Batch, actor: User, at: datetime) -> Batch:
    """Send undismissed REFUSED rows as a new batch, dismiss them; return that batch.

    Rows of leads that `actor` does not see stay as they are.

    Its cause is UNDO for an undo, else BULK; the plan's note goes along. Leads that
    have moved since, or about which somebody decided, are skipped there. Raises
    NotAllowed, or AssignmentRefused if there is no such row.
    """
    check_can_control(actor, batch)
    seen = batch.assignments.filter(Sight.of(actor).leads("lead__"))
    refused = seen.filter(state=State.REFUSED, dismissed_at=None)
    rows = list(refused.order_by("pk").select_related("lead"))
    if not rows:
        raise AssignmentRefused("Nothing in this batch is refused any more.")
    plan = SavedPlan(actor=actor, created_at=at, about=batch, reason=batch.reason)
    plan.cause = Cause.UNDO if batch.cause == Cause.UNDO else Cause.BULK
    if plan.cause == Cause.UNDO:  # it still undoes what the first try should undo
        plan.about = batch.reverses
    if before := SavedPlan.objects.filter(batch=batch).defer("packed").first():
        plan.note = before.note
        # Members who were chosen although away may still get leads.
        plan.summary = {"away": before.summary.get("away", [])}
    plan.wish = {"retry": batch.pk}
    plan.pack(_retry_entry(row) for row in rows)
    plan.save()
    made = plans.confirm_plan(plan=plan, actor=actor, at=at)
    refused.filter(pk__lte=rows[-1].pk).update(dismissed_at=at)
    return made


def _retry_entry(row: Assignment) -> PlanEntry:
    # The refused row changed nothing, so the owner it expected still applies.
    shown = row.expected_id if row.expected_known else UNKNOWN
    return PlanEntry(row.lead_id, row.to_id, row.reason, shown, row.reverses_id)
