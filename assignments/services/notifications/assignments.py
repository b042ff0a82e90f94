"""Notifications of new leads, many in one message.

Each assignment that is done leaves a row in its own transaction; once a minute messages
are made of those that belong together. Nobody is told of what they gave to themselves.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Self

from django.db import transaction
from django.db.models import F, Max, Min

from assignments.models import Assignment, Member, PendingAnnouncement, SavedPlan
from assignments.models.assignment import PERSONAL, Cause
from assignments.models.notification import NotificationKind
from assignments.services.notifications.notify import notify, one_line

PAUSE = timedelta(minutes=1)  # without anything new
LONGEST = timedelta(minutes=10)  # even if more keeps coming
LONGEST_BATCH = timedelta(hours=1)  # even if the batch is not done: it may be paused
MOST_NAMED = 20
IN_SMARTLEAD, BY_RULE = "Somebody in Smartlead", "A routing rule"


def queue_announcement(row: Assignment, *, at: datetime) -> None:
    """Store that the new owner of a done row is to be told of it.

    Nothing is stored if there is none or they are inactive, made the change themselves
    or have neither login nor address, or if a coverage made the row. Its batch is kept
    only for causes in PERSONAL.
    """
    to = row.to
    if to is None or row.is_of_coverage or not to.is_active:
        return
    is_own = row.actor_id is not None and row.actor_id == to.user_id
    if is_own or not (to.user_id or to.email):
        return
    PendingAnnouncement.objects.create(
        assignment=row,
        member=to,
        batch_id=row.batch_id if row.cause in PERSONAL else None,
        created_at=at,
    )


@dataclass(frozen=True, slots=True)
class UnfinishedBatches:
    """Parts of some batches that are still to be done.

    `pending`: pairs of batch and member with open rows. `unwritten`: batches not
    written in full.
    """

    pending: frozenset[tuple[int | None, int | None]]
    unwritten: frozenset[int | None]

    @classmethod
    def of(cls, batches: Collection[int]) -> Self:
        """Return what is still to be done of these batches (ids).

        Pending rows by batch and receiver, and batches whose plan is not fully written.
        """
        rows = Assignment.objects.pending().filter(batch__in=batches).order_by()
        plans = SavedPlan.objects.filter(batch__in=batches, written__lt=F("total"))
        return cls(
            frozenset(rows.values_list("batch", "to").distinct()),
            frozenset(plans.values_list("batch", flat=True)),
        )

    def is_through(self, batch: int, member: int) -> bool:
        """Return whether the batch is fully written and owes this member nothing.

        Pending rows to the member are owed.
        """
        return batch not in self.unwritten and (batch, member) not in self.pending


def announce_assignments(*, at: datetime) -> int:
    """Notify members of queued assignments that are ripe; return how many messages.

    One is made for each member and batch, once the batch is through for them or an hour
    after its first row. Rows without a batch go together after a minute without a new
    one, or 10 minutes after the first. What was ripe leaves the queue.
    """
    groups = list(
        PendingAnnouncement.objects.order_by()
        .values_list("member", "batch")
        .annotate(first=Min("created_at"), last=Max("created_at"))
    )
    unfinished = UnfinishedBatches.of({batch for _, batch, *_ in groups if batch})
    count = 0
    for member, batch, first, last in groups:
        if batch is None:
            is_ripe = last <= at - PAUSE or first <= at - LONGEST
        else:
            is_late = first <= at - LONGEST_BATCH
            is_ripe = is_late or unfinished.is_through(batch, member)
        if is_ripe:
            count += _notify_of(member, batch, at)
    return count


@transaction.atomic
def _notify_of(member: int, batch: int | None, at: datetime) -> int:
    """Notify a member of the queued leads they still own; return 1 if told, else 0.

    `batch` None stands for rows without one. The rows leave the queue in any case. A
    lead given twice counts once, by its last row.
    """
    rows = PendingAnnouncement.objects.filter(member=member, batch=batch)
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    changes = [
        change
        for part in batched(ids, 500, strict=False)
        for change in _still_owned(part)
    ]
    # A lead that was given twice counts once, by who gave it last.
    by_lead = list({change.lead_id: change for change in changes}.values())
    notification = by_lead and _notify(
        Member.objects.get(pk=member), batch, by_lead, at
    )
    for part in batched(ids, 500, strict=False):
        PendingAnnouncement.objects.filter(pk__in=part).delete()
    return 1 if notification else 0


def _still_owned(ids: Sequence[int]) -> list[Assignment]:
    """Return the assignments of these queue rows (ids) that still hold, by id.

    The lead is present and with their `to`.
    """
    changes = Assignment.objects.filter(
        untold__in=ids, lead__owner=F("to"), lead__gone_at=None
    )
    needed = changes.select_related("lead__campaign", "actor")
    return list(needed.defer("lead__custom_fields", "lead__search_text").order_by("pk"))


def _notify(
    member: Member, batch: int | None, changes: Sequence[Assignment], at: datetime
) -> object:
    sources = Counter(_source(change) for change in changes)
    what = str(changes[0].lead) if len(changes) == 1 else f"{len(changes):,} leads"
    [(source, _), *other_sources] = sources.most_common()
    return notify(
        member,
        kind=NotificationKind.ASSIGNED,
        # Unique: each assignment is in one notification only.
        key=f"assigned-{changes[0].pk}",
        subject=f"You were given {what}"
        if other_sources
        else f"{source} gave you {what}",
        text="\n".join(_lines(sources, changes)),
        path=_path(member, batch, changes),
        at=at,
    )


def _source(change: Assignment) -> str:
    """Return who gave the lead: the actor, the words BY_RULE, or else IN_SMARTLEAD."""
    if change.actor:
        return f"{change.actor}"
    return BY_RULE if change.cause == Cause.ROUTING else IN_SMARTLEAD


def _lines(sources: Counter[str], changes: Sequence[Assignment]) -> list[str]:
    if len(sources) == 1:
        says_why = len(changes) == 1 and changes[0].cause != Cause.OUTSIDE
        lines = [one_line(f"Why: {changes[0].reason}")] if says_why else []
    else:
        lines = [f"{source} gave you {count:,}." for source, count in sources.items()]
    for change in changes[:MOST_NAMED]:
        lead = change.lead
        about = ", ".join(filter(None, [f"{lead.company}", f"{lead.campaign or ''}"]))
        lines.append(one_line(f"{lead}, {about}" if about else f"{lead}"))
    more = len(changes) - MOST_NAMED
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def _path(member: Member, batch: int | None, changes: Sequence[Assignment]) -> str:
    """Return the path of one lead, of the batch's rows in the history, or of the inbox.

    The last two are filtered by the member.
    """
    if len(changes) == 1:
        return f"/leads/{changes[0].lead_id}/"
    if batch:
        return f"/history/?batch={batch}&member={member.pk}"
    return f"/inbox/?owner={member.pk}"
