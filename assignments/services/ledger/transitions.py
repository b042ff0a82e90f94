"""Changes of an assignment from state to state (docs/design/design.md, rules 2 and 5).

Callers hold a transaction and the lock on the lead, so that an outcome and what follows
from it are one step: unsent notes are dropped, holds brought up to date, a done row is
announced, and the row that follows expects another owner or ends as well.
"""

from collections.abc import Sequence
from datetime import datetime

from assignments.models import Assignment, Lead, Note, SavedPlan, User
from assignments.models.assignment import PENDING, State, Urgency
from assignments.services.ledger import holds
from assignments.services.notifications import assignments
from assignments.services.outgoing_webhooks import payloads

LEAD_GONE = "Smartlead no longer has this lead."
FOLLOWED = ("lead", "to", "expected", "reverses")  # what follows from an end
REPLACED = "A newer decision replaced it before it was sent."


def finalize(
    row: Assignment,
    *,
    state: State,
    outcome: str,
    at: datetime,
    token: str = "",
    found_id: int | None = None,
    was_outdated: bool = False,
) -> bool:
    """End a pending row, update holds and followers; announce a DONE one, else drop its
    notes. False, without effects, if it is final or not claimed by a given `token`."""
    pending = Assignment.objects.filter(pk=row.pk, state__in=PENDING)
    if token:
        pending = pending.filter(token=token)
    is_ended = pending.update(
        state=state,
        outcome=outcome[:500],
        was_outdated=was_outdated,
        found=found_id,
        finished_at=at,
        token="",
        lease_until=None,
    )
    if not is_ended:
        return False
    if state != State.DONE:
        _drop_notes([row.pk], at)
    ended = Assignment.objects.select_related(*FOLLOWED).get(pk=row.pk)
    holds.apply_final_state(ended, at=at)
    _announce(ended, at)
    for follower in Assignment.objects.waiting().filter(after=row):
        _update_follower(follower, row, state, at, found_id)
    return True


def _announce(row: Assignment, at: datetime) -> None:
    """Have members and endpoints told of a DONE row; of a REFUSED one only endpoints."""
    if row.state == State.DONE:
        assignments.queue_announcement(row, at=at)
        payloads.record_owner_change(row, at=at)
    elif row.state == State.REFUSED:
        payloads.record_refusal(row, at=at)


def requeue(
    row: Assignment, *, token: str, at: datetime, not_before: datetime | None = None
) -> None:
    """Let a row claimed by `token` wait again, from `not_before` on if given.

    It is cancelled instead if another row of the lead waits, or if its batch was
    cancelled and it is not a click. Claim, `sent_at` and `settle_at` are cleared.
    Nothing happens if the claim is lost.
    """
    if Assignment.objects.waiting().filter(lead=row.lead_id).exists():
        finalize(row, state=State.CANCELLED, outcome=REPLACED, at=at, token=token)
        return
    if by := _who_cancelled_batch(row):
        outcome = f"{by} cancelled the batch, and it had not been applied."
        finalize(row, state=State.CANCELLED, outcome=outcome, at=at, token=token)
        return
    Assignment.objects.filter(pk=row.pk, token=token).update(
        state=State.WAITING,
        token="",
        lease_until=None,
        sent_at=None,
        settle_at=None,
        not_before=not_before,
    )


def _who_cancelled_batch(row: Assignment) -> User | None:
    """Return the user who cancelled the row's batch; None if nobody did.

    None too for a row without a batch or of CLICK urgency.
    """
    clicked = Assignment.objects.filter(pk=row.pk, urgency=Urgency.CLICK)
    if row.batch_id is None or clicked.exists():
        return None
    plans = SavedPlan.objects.filter(batch=row.batch_id, cancelled_at__isnull=False)
    plan = plans.select_related("cancelled_by").only("cancelled_by").first()
    return plan.cancelled_by if plan else None


def end_gone_lead(lead: Lead, at: datetime) -> None:
    """End the lead's waiting rows as REFUSED with LEAD_GONE, and all its holds."""
    for row in Assignment.objects.waiting().filter(lead=lead):
        finalize(row, state=State.REFUSED, outcome=LEAD_GONE, at=at)
    holds.end_holds_of_gone_lead(lead, at=at)


def cancel_waiting(rows: Sequence[int], *, outcome: str, at: datetime) -> int:
    """Cancel those of the rows (ids) that still wait; return how many.

    The unsent notes of all these rows are cancelled, their planned holds end as not
    taken, and live holds drop the move. No row follows a waiting one, so no other
    changes.
    """
    waiting = Assignment.objects.waiting().filter(pk__in=rows)
    count = waiting.update(state=State.CANCELLED, outcome=outcome[:500], finished_at=at)
    _drop_notes(rows, at)
    holds.drop_planned(rows, at=at)
    return count


def _update_follower(
    follower: Assignment,
    row: Assignment,
    state: State,
    at: datetime,
    found_id: int | None,
) -> None:
    """Set and save the owner that the follower of an ended row expects; or end it.

    After an OVERTAKEN row it is OVERTAKEN too. It expects the target of a DONE row,
    else whom the row expected; if that is its own target, it is SKIPPED.
    """
    if state == State.OVERTAKEN:
        outcome = "Somebody changed the owner in Smartlead first. It was not sent."
        finalize(follower, state=state, outcome=outcome, at=at, found_id=found_id)
        return
    if state == State.DONE:
        follower.expected_id, follower.expected_known = row.to_id, True
    else:
        follower.expected_id = row.expected_id
        follower.expected_known = row.expected_known
    if follower.expected_known and follower.expected_id == follower.to_id:
        outcome = f"{follower.to} still has it: the change before did not happen."
        finalize(follower, state=State.SKIPPED, outcome=outcome, at=at)
    else:
        follower.save(update_fields=["expected", "expected_known"])


def _drop_notes(rows: Sequence[int], at: datetime) -> None:
    waiting = Note.objects.filter(assignment__in=rows, state=Note.State.WAITING)
    waiting.update(
        state=Note.State.CANCELLED,
        outcome="Not sent, because the assignment did not happen.",
        finished_at=at,
    )
