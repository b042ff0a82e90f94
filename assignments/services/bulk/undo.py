"""Undo of a batch: what has not moved since goes back, the rest is listed and left.

What can go back is decided once, row by row, and kept like any plan: the page says it
beforehand and the run does exactly that, as a batch with an undo of its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import NamedTuple

from django.db.models import Max, Q, QuerySet

from assignments.models import Assignment, Batch, Coverage, Member, SavedPlan, User
from assignments.models.assignment import Cause, State, Urgency
from assignments.models.plan import Entry
from assignments.services import access
from assignments.services.absences import away_now
from assignments.services.bulk import batch_actions, plans
from assignments.services.bulk.allocation import GONE, NOT_YOURS, is_set, may_move
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger import holds

CLICKED = "Somebody also asked for this lead by itself: it stays as asked."
NOBODY = "Nobody had it before, and Smartlead cannot take an owner away."
NOT_KNOWN = "Handoff does not know who had it before."
AT_ONCE = 10_000  # rows in one query; SQLite takes some thirty thousand parameters


class Made(NamedTuple):
    """A row of the batch that moved its lead, or is about to, and the lead as it is.

    Plain values: a batch may have twenty thousand.
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


class Left(NamedTuple):
    """A row that is not undone, and why."""

    row: Made
    why: str


@dataclass(slots=True, kw_only=True)
class Undo:
    """What an undo of a batch would do now."""

    batch: Batch
    back: list[Made] = field(default_factory=list)
    changed: list[Left] = field(default_factory=list)
    nobodys: list[Left] = field(default_factory=list)
    # Not sent yet, or not written yet: these are cancelled, without any call.
    unsent: int = 0
    # Leads go back to these members although they are away now.
    away: list[Coverage] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.back and not self.unsent

    @property
    def total(self) -> int:
        return len(self.back) + len(self.changed) + len(self.nobodys)


def what_goes_back(*, batch: Batch, actor: User, at: datetime) -> Undo:
    """Raises NotAllowed, or AssignmentRefused for what is not a person's batch."""
    batch_actions.check_may_steer(actor, batch)
    undo = Undo(batch=batch, unsent=_unsent(batch))
    clicked = Q(state=State.WAITING, urgency=Urgency.CLICK)
    made = batch.assignments.filter(Q(state__in=(State.DONE, State.SENDING)) | clicked)
    scene = _scene(actor, made)
    for row in _rows(made):
        why = _why_left(row, scene)
        if not why:
            undo.back.append(row)
        elif why == NOBODY:
            undo.nobodys.append(Left(row, why))
        else:
            undo.changed.append(Left(row, why))
    away, receiving = away_now(at), {row.expected_id for row in undo.back}
    undo.away = [away[pk] for pk in sorted(away.keys() & receiving)]
    return undo


def undo_batch(
    *,
    batch: Batch,
    actor: User,
    at: datetime,
    although_away: Collection[int] | None = None,
) -> Batch:
    """Cancel what has not been sent, and give back what can go back.

    `although_away`: the members of whose absence the page warned; a lead of anybody else
    who is away by now is skipped. None where nobody looked at a page. Returns the batch
    of the undo, or this one if cancelling was all there was to do.
    """
    batch_actions.check_may_steer(actor, batch)
    cancelled = batch_actions.cancel_batch(batch=batch, actor=actor, at=at)
    undo = what_goes_back(batch=batch, actor=actor, at=at)
    if not undo.back:
        if cancelled:
            return batch
        raise AssignmentRefused(
            "Nothing of this batch can go back any more. Each lead below says why."
        )
    plan = _plan_of(undo, actor, at)
    if although_away is not None:
        plan.summary = {"away": sorted(although_away)}
    plan.save()
    return plans.confirm_plan(plan=plan, actor=actor, at=at)


def _plan_of(undo: Undo, actor: User, at: datetime) -> SavedPlan:
    plan = SavedPlan(
        actor=actor,
        created_at=at,
        cause=Cause.UNDO,
        about=undo.batch,
        reason=f"{actor} undid {str(undo.batch).lower()}.",
        summary={"away": [absence.member_id for absence in undo.away]},
    )
    back = sorted(undo.back, key=lambda row: row.to_id)  # owner by owner
    plan.pack(_entries(back, plan.reason))
    return plan


def _entries(rows: Iterable[Made], reason: str) -> Iterator[Entry]:
    for row in rows:
        yield Entry(row.lead_id, row.expected_id, reason, row.to_id, row.pk)


def _unsent(batch: Batch) -> int:
    waiting = batch_actions.unsent_rows(batch).count()
    plan = SavedPlan.objects.filter(batch=batch, cancelled_at=None).defer("packed")
    return waiting + sum(one.unwritten for one in plan)


def _rows(made: QuerySet[Assignment]) -> Iterator[Made]:
    columns = ("pk", "lead_id", "to_id", "expected_id", "expected_known", "state")
    now = ("urgency", "lead__owner_id", "owner_is_known", "is_gone")
    marked = made.annotate(
        owner_is_known=is_set("lead__owner_known_at"), is_gone=is_set("lead__gone_at")
    )
    for row in marked.order_by("pk").values_list(*columns, *now).iterator():
        yield Made(*row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What stands between the leads of a batch and their way back."""

    actor: User
    members: Mapping[int, Member]
    movable: frozenset[int | None] | None
    choosable: frozenset[int]
    # By lead: the row that changed its owner after the one of the batch, in words.
    later: Mapping[int, str]
    # By row: it took its lead out of a coverage that is over by now.
    over: Mapping[int, str]


def _scene(actor: User, made: QuerySet[Assignment]) -> _Scene:
    choosable = access.members_to_choose(actor)
    return _Scene(
        actor=actor,
        members=Member.objects.in_bulk(),
        movable=access.movable_owners(actor),
        choosable=frozenset(choosable.values_list("pk", flat=True)),
        later=_later(made),
        over=holds.over_since(made),
    )


def _later(made: QuerySet[Assignment]) -> dict[int, str]:
    """Leads whose owner has changed again, or is about to, and how."""
    counting = Assignment.objects.filter(
        lead__in=made.order_by().values("lead"),
        state__in=(State.WAITING, State.SENDING, State.DONE),
    )
    newest = counting.order_by().values_list("lead").annotate(Max("pk"))
    ours = set(made.values_list("pk", flat=True))
    others = [pk for _, pk in newest.iterator() if pk not in ours]
    said: dict[int, str] = {}
    for some in batched(others, AT_ONCE):
        rows = Assignment.objects.filter(pk__in=some).select_related("actor", "to")
        said |= {row.lead_id: _said_later(row) for row in rows.iterator()}
    return said


def _why_left(row: Made, scene: _Scene) -> str:
    if later := scene.later.get(row.lead_id):
        return later
    if row.urgency == Urgency.CLICK:
        return CLICKED
    if not row.expected_known:
        return NOT_KNOWN
    if row.expected_id is None:
        return NOBODY
    return _why_not_back(row, scene) or scene.over.get(row.pk, "")


def _why_not_back(row: Made, scene: _Scene) -> str:
    before = scene.members[row.expected_id or 0]
    if row.is_gone:
        return GONE
    if not before.is_active:
        return f"{before}, who had it before, has been deactivated."
    if row.state == State.DONE and row.owner_id != row.to_id:
        holder = scene.members[row.owner_id] if row.owner_id else "nobody"
        return f"It has moved since: it is with {holder} now."
    if not may_move(scene.movable, row.owner_id, is_known=row.owner_is_known):
        return NOT_YOURS
    if before.pk not in scene.choosable:
        return f"{before}, who had it before, is in no team of {scene.actor} by now."
    return ""


def _said_later(later: Assignment) -> str:
    to = later.to or "nobody"
    if later.cause == Cause.OUTSIDE:
        return f"It has moved since: in Smartlead, to {to}."
    if later.is_pending:
        return f"A later decision is on its way: to {to}."
    return f"It has moved since: {later.actor or 'Handoff'} gave it to {to}."
