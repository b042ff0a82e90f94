"""Undo of a batch: leads that have not moved since go back, the others stay.

The decision is made row by row and saved as a plan: the page shows it, and the run does
exactly that, as a batch that can be undone in turn.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import NamedTuple

from django.db.models import Max, Q, QuerySet

from assignments.models import Assignment, Batch, Coverage, Member, SavedPlan, User
from assignments.models.assignment import Cause, State, Urgency
from assignments.models.plan import PlanEntry
from assignments.services import access
from assignments.services.absences import absences_at
from assignments.services.bulk import batch_actions, plans
from assignments.services.bulk.allocation import GONE, is_set, may_move
from assignments.services.bulk.undo_outlook import NoWayBack, no_way_back
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger import holds
from assignments.services.sight import Sight

CLICKED = "Somebody also asked for this lead by itself: it stays as asked."
NOBODY = "Nobody had it before, and Smartlead cannot take an owner away."
NOT_KNOWN = "Handoff does not know who had it before."
NOT_SEEN = "You do not see this lead, so it stays where it is."
AT_ONCE = 10_000  # rows in one query; SQLite takes some thirty thousand parameters


class BatchRow(NamedTuple):
    """A row of the batch that moved its lead or is being sent, with the lead's state.

    `pk` is the row's id, `to_id` and `expected_id` the new and previous owner, and
    `owner_id` the owner now. Plain values: a batch may have twenty thousand.
    """

    pk: int
    lead_id: int
    to_id: int
    expected_id: int | None
    expected_known: bool
    state: str
    urgency: int
    owner_id: int | None
    owner_is_known: bool
    is_gone: bool


class KeptRow(NamedTuple):
    """A row that is not undone, with the reason as a sentence.

    `had_no_owner`: nobody had the lead before the batch, which is the only obstacle.
    """

    row: BatchRow
    why: str
    had_no_owner: bool = False


@dataclass(slots=True, kw_only=True)
class UndoPreview:
    """The effect that an undo of a batch would have now.

    `back` are the rows to undo; `nobodys` are kept since their lead had no owner
    before, `changed` for any other reason.
    """

    batch: Batch
    back: list[BatchRow] = field(default_factory=list)
    changed: list[KeptRow] = field(default_factory=list)
    nobodys: list[KeptRow] = field(default_factory=list)
    # Leads not sent or not written yet: cancelled without any call.
    unsent: int = 0
    # Running absences of members who would get leads back, by member id.
    away: list[Coverage] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.back and not self.unsent

    @property
    def total(self) -> int:
        return len(self.back) + len(self.changed) + len(self.nobodys)


def preview_undo(*, batch: Batch, actor: User, at: datetime) -> UndoPreview:
    """Return what an undo of the batch would do now; nothing is written.

    Rows that are done, being sent, or waiting after a click go, by id, into `back`,
    `nobodys` or `changed`; `unsent` counts the leads to cancel; `away` has the absences
    at `at` of those who get leads back, by member id. Raises NotAllowed if `actor` may
    not control the batch: somebody else's, or one that Handoff made by itself.
    """
    batch_actions.check_can_control(actor, batch)
    undo = UndoPreview(batch=batch, unsent=_unsent_count(batch))
    clicked = Q(state=State.WAITING, urgency=Urgency.CLICK)
    made = batch.assignments.filter(Q(state__in=(State.DONE, State.SENDING)) | clicked)
    context = _load_context(actor, made)
    for row in _batch_rows(made):
        kept = _kept_row(row, context)
        if kept is None:
            undo.back.append(row)
        elif kept.had_no_owner:
            undo.nobodys.append(kept)
        else:
            undo.changed.append(kept)
    away = absences_at(at)
    receiving = {row.expected_id for row in undo.back}
    undo.away = [away[pk] for pk in sorted(away.keys() & receiving)]
    return undo


def undo_batch(
    *,
    batch: Batch,
    actor: User,
    at: datetime,
    although_away: Collection[int] | None = None,
) -> Batch:
    """Cancel the batch's unsent rows and give back the leads that can go back.

    Returns the new batch of the undo, or this one if there were only rows to cancel.
    `although_away`: ids of the members of whose absence the page warned; leads of
    others who are away by now are skipped. None: absences stop nothing. Raises
    NotAllowed, or AssignmentRefused if nothing can be undone any more.
    """
    batch_actions.check_can_control(actor, batch)
    cancelled = batch_actions.cancel_batch(batch=batch, actor=actor, at=at)
    undo = preview_undo(batch=batch, actor=actor, at=at)
    if not undo.back:
        if cancelled:
            return batch
        raise AssignmentRefused(
            "Nothing of this batch can go back any more. Each lead below says why."
        )
    plan = _undo_plan(undo, actor, at)
    if although_away is not None:
        plan.summary = {"away": sorted(although_away)}
    plan.save()
    return plans.confirm_plan(plan=plan, actor=actor, at=at)


def _undo_plan(undo: UndoPreview, actor: User, at: datetime) -> SavedPlan:
    plan = SavedPlan(
        actor=actor,
        created_at=at,
        cause=Cause.UNDO,
        about=undo.batch,
        reason=f"{actor} undid {undo.batch.in_words}."[:500],
        summary={"away": [absence.member_id for absence in undo.away]},
    )
    back = sorted(undo.back, key=lambda row: row.to_id)  # owner by owner
    plan.pack(
        PlanEntry(row.lead_id, row.expected_id, plan.reason, row.to_id, row.pk)
        for row in back
    )
    return plan


def _unsent_count(batch: Batch) -> int:
    """Return how many leads of the batch are not sent yet, written as rows or not."""
    waiting = batch_actions.unsent_rows(batch).count()
    plans_of_batch = SavedPlan.objects.filter(batch=batch, cancelled_at=None)
    return waiting + sum(plan.unwritten for plan in plans_of_batch.defer("packed"))


def _batch_rows(made: QuerySet[Assignment]) -> Iterator[BatchRow]:
    columns = ("pk", "lead_id", "to_id", "expected_id", "expected_known", "state")
    now = ("urgency", "lead__owner_id", "owner_is_known", "is_gone")
    marked = made.annotate(
        owner_is_known=is_set("lead__owner_known_at"), is_gone=is_set("lead__gone_at")
    )
    for row in marked.order_by("pk").values_list(*columns, *now).iterator():
        yield BatchRow(*row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _UndoContext:
    """Data that decides which rows of a batch can be undone."""

    actor: User
    members: Mapping[int, Member]
    movable: frozenset[int | None] | None  # as from `access.movable_owner_ids`
    choosable: frozenset[int]
    # By lead: the later change of its owner, as a sentence.
    later: Mapping[int, str]
    # By row: the sentence that it took its lead out of a coverage that has ended.
    over: Mapping[int, str]
    # Ids of the leads that the actor sees; None: all.
    seen: frozenset[int] | None


def _load_context(actor: User, made: QuerySet[Assignment]) -> _UndoContext:
    choosable = access.choosable_members(actor)
    return _UndoContext(
        actor=actor,
        members=Member.objects.in_bulk(),
        movable=access.movable_owner_ids(actor),
        choosable=frozenset(choosable.values_list("pk", flat=True)),
        later=_later_changes(made),
        over=holds.ended_coverage_reasons(made),
        seen=_seen_leads(actor, made),
    )


def _seen_leads(actor: User, made: QuerySet[Assignment]) -> frozenset[int] | None:
    sight = Sight.of(actor)
    if sight.sees_all:
        return None
    seen = made.order_by().filter(sight.leads("lead__"))
    return frozenset(seen.values_list("lead", flat=True))


def _later_changes(made: QuerySet[Assignment]) -> dict[int, str]:
    """Return, by lead id, a sentence on its newest change if that is not among `made`.

    Only changes that are done, being sent or waiting count.
    """
    counting = Assignment.objects.filter(
        lead__in=made.order_by().values("lead"),
        state__in=(State.WAITING, State.SENDING, State.DONE),
    )
    newest = counting.order_by().values_list("lead").annotate(Max("pk"))
    own_ids = set(made.values_list("pk", flat=True))
    later_ids = [pk for _, pk in newest.iterator() if pk not in own_ids]
    sentences: dict[int, str] = {}
    for ids in batched(later_ids, AT_ONCE):
        rows = Assignment.objects.filter(pk__in=ids).select_related("actor", "to")
        sentences |= {row.lead_id: _later_sentence(row) for row in rows.iterator()}
    return sentences


def _kept_row(row: BatchRow, context: _UndoContext) -> KeptRow | None:
    """Return the row with the reason why it is not undone, or None if it can be."""
    if later := context.later.get(row.lead_id):
        return KeptRow(row, later)
    if row.urgency == Urgency.CLICK:
        return KeptRow(row, CLICKED)
    obstacle = no_way_back(
        row.expected_id,
        is_known=row.expected_known,
        members=context.members,
        choosable=context.choosable,
    )
    if obstacle == NoWayBack.NOBODY:
        return KeptRow(row, NOBODY, had_no_owner=True)
    why = _no_way_back_sentence(obstacle, row, context) or _obstacle(row, context)
    why = why or context.over.get(row.pk, "")
    return KeptRow(row, why) if why else None


def _no_way_back_sentence(
    obstacle: NoWayBack | None, row: BatchRow, context: _UndoContext
) -> str:
    """Return the obstacle in a sentence about the row; "" without one."""
    if obstacle is None:
        return ""
    if obstacle == NoWayBack.NOT_KNOWN:
        return NOT_KNOWN
    before = context.members[row.expected_id or 0]
    if obstacle == NoWayBack.DEACTIVATED:
        return (
            f"{before}, who had it before, has been deactivated and gets nothing until "
            "activated again."
        )
    return f"{before}, who had it before, is in no team of {context.actor}."


def _obstacle(row: BatchRow, context: _UndoContext) -> str:
    """Return a sentence why the lead cannot be moved back now; "" if it can.

    It is gone, has moved since, or is not the actor's to move.
    """
    if row.is_gone:
        return GONE
    if context.seen is not None and row.lead_id not in context.seen:
        return NOT_SEEN
    if row.state == State.DONE and row.owner_id != row.to_id:
        holder = context.members[row.owner_id] if row.owner_id else "nobody"
        return f"It has moved since: it is with {holder} now."
    if not may_move(context.movable, row.owner_id, is_known=row.owner_is_known):
        owner = context.members.get(row.owner_id or 0)
        return access.not_yours(owner, is_known=row.owner_is_known)
    return ""


def _later_sentence(later: Assignment) -> str:
    to = later.to or "nobody"
    if later.cause == Cause.OUTSIDE:
        return f"It has moved since: in Smartlead, to {to}."
    if later.is_pending:
        return f"A later decision is on its way: to {to}."
    return f"It has moved since: {later.actor or 'Handoff'} gave it to {to}."
