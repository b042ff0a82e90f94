"""Undo of a batch: what has not moved since goes back, the rest is listed and left.

What can go back is decided once, row by row, and kept like any plan: the page says it
beforehand and the run does exactly that, as a batch with an undo of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max, Q, QuerySet

from assignments.models import Assignment, Batch, Lead, Member, SavedPlan, User
from assignments.models.assignment import Cause, State, Urgency
from assignments.models.plan import Entry
from assignments.services import access, batch_acts, plans
from assignments.services.coverage import holds
from assignments.services.proposing import NOT_YOURS, may_move
from assignments.services.refusals import AssignmentRefused

CLICKED = "Somebody also asked for this lead by itself: it stays as asked."
NOBODY = "Nobody had it before, and Smartlead cannot take an owner away."


@dataclass(frozen=True, slots=True)
class Left:
    """A row that is not undone, and why."""

    row: Assignment
    why: str


@dataclass(slots=True, kw_only=True)
class Undo:
    """What an undo of a batch would do now."""

    batch: Batch
    back: list[Assignment] = field(default_factory=list)
    changed: list[Left] = field(default_factory=list)
    nobodys: list[Left] = field(default_factory=list)
    # Not sent yet, or not written yet: these are cancelled, without any call.
    unsent: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.back and not self.unsent

    @property
    def total(self) -> int:
        return len(self.back) + len(self.changed) + len(self.nobodys)


def what_goes_back(*, batch: Batch, actor: User) -> Undo:
    """Raises NotAllowed, or AssignmentRefused for what is not a person's batch."""
    batch_acts.check_may_steer(actor, batch)
    undo = Undo(batch=batch, unsent=_unsent(batch))
    clicked = Q(state=State.WAITING, urgency=Urgency.CLICK)
    made = batch.assignments.filter(Q(state__in=(State.DONE, State.SENDING)) | clicked)
    rows = list(made.select_related("lead__owner", "expected", "to").order_by("pk"))
    newest = _newest(made)
    movable = access.movable_owners(actor)
    over = holds.over_since(made)
    for row in rows:
        why = _why_left(row, newest, movable) or over.get(row.pk, "")
        if not why:
            undo.back.append(row)
        elif why == NOBODY:
            undo.nobodys.append(Left(row, why))
        else:
            undo.changed.append(Left(row, why))
    return undo


def undo_batch(*, batch: Batch, actor: User, at: datetime) -> Batch:
    """Cancel what has not been sent, and give back what can go back.

    Returns the batch of the undo, or this one if cancelling was all there was to do.
    """
    batch_acts.check_may_steer(actor, batch)
    cancelled = batch_acts.cancel_batch(batch=batch, actor=actor, at=at)
    undo = what_goes_back(batch=batch, actor=actor)
    if not undo.back:
        if cancelled:
            return batch
        raise AssignmentRefused(
            "Nothing of this batch can go back any more. Each lead below says why."
        )
    plan = SavedPlan(
        actor=actor,
        created_at=at,
        cause=Cause.UNDO,
        about=batch,
        reason=f"{actor} undid {str(batch).lower()}.",
    )
    plan.pack(_entries(undo.back, plan.reason))
    plan.save()
    return plans.confirm_plan(plan=plan, actor=actor, at=at)


def _entries(rows: Sequence[Assignment], reason: str) -> Iterator[Entry]:
    for row in rows:
        yield Entry(row.lead_id, row.expected_id, reason, row.to_id, row.pk)


def _unsent(batch: Batch) -> int:
    waiting = batch_acts.unsent_rows(batch).count()
    plan = SavedPlan.objects.filter(batch=batch, cancelled_at=None).defer("packed")
    return waiting + sum(one.unwritten for one in plan)


def _newest(made: QuerySet[Assignment]) -> dict[int, Assignment]:
    """The newest row of each lead that changed its owner, or is about to."""
    counting = Assignment.objects.filter(
        lead__in=made.values("lead"),
        state__in=(State.WAITING, State.SENDING, State.DONE),
    )
    ids = counting.order_by().values("lead").annotate(newest=Max("pk")).values("newest")
    rows = Assignment.objects.filter(pk__in=ids).select_related("actor", "to")
    return {row.lead_id: row for row in rows}


def _why_left(
    row: Assignment,
    newest: dict[int, Assignment],
    movable: frozenset[int | None] | None,
) -> str:
    if (later := newest[row.lead_id]).pk != row.pk:
        return _said_later(later)
    if row.urgency == Urgency.CLICK:
        return CLICKED
    if not row.expected_known:
        return "Handoff does not know who had it before."
    if row.expected is None:
        return NOBODY
    return _why_not_back(row, row.lead, row.expected, movable)


def _why_not_back(
    row: Assignment,
    lead: Lead,
    before: Member,
    movable: frozenset[int | None] | None,
) -> str:
    if lead.gone_at:
        return "Smartlead no longer has this lead."
    if not before.is_active:
        return f"{before}, who had it before, has been deactivated."
    if row.state == State.DONE and lead.owner_id != row.to_id:
        return f"It has moved since: it is with {lead.owner or 'nobody'} now."
    if not may_move(movable, lead.owner_id, is_known=lead.owner_is_known):
        return NOT_YOURS
    return ""


def _said_later(later: Assignment) -> str:
    to = later.to or "nobody"
    if later.cause == Cause.OUTSIDE:
        return f"It has moved since: in Smartlead, to {to}."
    if later.is_pending:
        return f"A later decision is on its way: to {to}."
    return f"It has moved since: {later.actor or 'Handoff'} gave it to {to}."
