"""What can be done to a batch as a whole: pause, resume, cancel, retry."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from assignments.models import Assignment, Batch, Lead, SavedPlan, User
from assignments.models.assignment import PERSONAL, Cause, State, Urgency
from assignments.models.plan import UNKNOWN, Entry
from assignments.services import access
from assignments.services.bulk import plans
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.transitions import cancel_waiting
from assignments.task_queue import nudge_dispatch

CHUNK = 500


def check_may_steer(user: User, batch: Batch) -> None:
    """A sales manager steers every batch, a team lead their own."""
    if why_not := why_not_steer(user, batch):
        raise NotAllowed(why_not)


def why_not_steer(user: User, batch: Batch) -> str:
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
    """What waits stays here until somebody resumes it; what is being sent goes on.

    Raises AssignmentRefused when nothing waits any more.
    """
    check_may_steer(actor, batch)
    if not _is_going_on(batch) and not _is_being_written(batch):
        raise AssignmentRefused("Nothing of this batch is left to send.")
    Batch.objects.filter(pk=batch.pk, paused_at=None).update(paused_at=at)


@transaction.atomic
def resume_batch(*, batch: Batch, actor: User) -> None:
    check_may_steer(actor, batch)
    Batch.objects.filter(pk=batch.pk).update(paused_at=None)
    nudge_dispatch()


def _is_going_on(batch: Batch) -> bool:
    return Assignment.objects.pending().filter(batch=batch).exists()


def _is_being_written(batch: Batch) -> bool:
    plans_of_it = SavedPlan.objects.filter(batch=batch, cancelled_at=None)
    return plans_of_it.filter(written__lt=F("total")).exists()


def unsent_rows(batch: Batch) -> QuerySet[Assignment]:
    """What ends when the batch is cancelled.

    Not a row that somebody also asked for by itself: that wish outlives the batch.
    """
    waiting = Assignment.objects.waiting().filter(batch=batch)
    return waiting.filter(urgency__gt=Urgency.CLICK)


def cancel_batch(*, batch: Batch, actor: User, at: datetime) -> int:
    """Cancel what has not been sent; how many leads that are.

    What is not written yet will be born cancelled. In chunks, as it was written.
    """
    check_may_steer(actor, batch)
    unwritten = _stop_writing(batch, actor, at)
    outcome = f"{actor} cancelled the batch before it was sent."
    cancelled = 0
    while leads := _waiting_leads(batch):
        with transaction.atomic():
            cancelled += _cancel(batch, leads, outcome, at)
    return cancelled + unwritten


def _stop_writing(batch: Batch, actor: User, at: datetime) -> int:
    with transaction.atomic():
        plan = SavedPlan.objects.select_for_update(of=("self",)).filter(batch=batch)
        for one in plan.filter(cancelled_at=None):
            if not (one.unwritten or _is_going_on(batch)):
                continue
            one.cancelled_at, one.cancelled_by = at, actor
            one.save(update_fields=["cancelled_at", "cancelled_by"])
            return one.unwritten
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
    """The refused rows once more, as a batch of their own. Raises AssignmentRefused.

    A lead that has moved on since, or about which somebody decided, is skipped there.
    """
    check_may_steer(actor, batch)
    refused = batch.assignments.filter(state=State.REFUSED, dismissed_at=None)
    rows = list(refused.order_by("pk").select_related("lead"))
    if not rows:
        raise AssignmentRefused("Nothing in this batch is refused any more.")
    plan = SavedPlan(actor=actor, created_at=at, about=batch, reason=batch.reason)
    plan.cause = Cause.UNDO if batch.cause == Cause.UNDO else Cause.BULK
    if plan.cause == Cause.UNDO:  # it still undoes what the first try was to undo
        plan.about = batch.reverses
    if before := SavedPlan.objects.filter(batch=batch).defer("packed").first():
        plan.note = before.note
        # Who was chosen although away is chosen still.
        plan.summary = {"away": before.summary.get("away", [])}
    plan.wish = {"retry": batch.pk}
    plan.pack(_again(row) for row in rows)
    plan.save()
    made = plans.confirm_plan(plan=plan, actor=actor, at=at)
    refused.filter(pk__lte=rows[-1].pk).update(dismissed_at=at)
    return made


def _again(row: Assignment) -> Entry:
    """Shown as owner: whom the refused row expected to replace; it changed nothing."""
    shown = row.expected_id if row.expected_known else UNKNOWN
    return Entry(row.lead_id, row.to_id, row.reason, shown, row.reverses_id)
