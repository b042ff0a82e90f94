"""Notifications of leads that somebody got or lost, many in one message.

Each assignment that is done leaves rows in its own transaction; once a minute messages
are made of those that belong together. Nobody is told of what they did themselves.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Self

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet

from assignments.models import Assignment, Lead, Member, PendingAnnouncement, SavedPlan
from assignments.models.assignment import PERSONAL, Cause
from assignments.models.notification import NotificationKind
from assignments.services.notifications.notify import notify, one_line
from assignments.services.sight import EVERYTHING, Sight

PAUSE = timedelta(minutes=1)  # without anything new
LONGEST = timedelta(minutes=10)  # even if more keeps coming
LONGEST_BATCH = timedelta(hours=1)  # even if the batch is not done: it may be paused
MOST_NAMED = 20
IN_SMARTLEAD, BY_RULE = "Somebody in Smartlead", "A routing rule"


def queue_announcement(row: Assignment, *, at: datetime) -> None:
    """Store that the new owner of a done row, and the one before, are to be told of it.

    Nothing is stored if a coverage made the row, nor for a member who is inactive, made
    the change themselves or has neither login nor address; nor is a loss that is told
    with the overdue answer. A loss and a gain of one lead that are both untold cancel
    each other out. The batch is kept only for causes in PERSONAL.
    """
    if row.is_of_coverage:
        return
    _queue(row, row.to, at, is_loss=False)
    if row.expected_id != row.to_id and not _is_told_as_overdue(row):
        _queue(row, row.expected, at, is_loss=True)


def _queue(
    row: Assignment, member: Member | None, at: datetime, *, is_loss: bool
) -> None:
    if member is None or not member.is_active:
        return
    is_own = row.actor_id is not None and row.actor_id == member.user_id
    if is_own or not (member.user_id or member.email):
        return
    of_lead = Assignment.objects.filter(lead=row.lead_id).values("pk")
    opposite = PendingAnnouncement.objects.filter(
        assignment__in=of_lead, member=member, is_loss=not is_loss
    )
    count, _ = opposite.delete()
    if count:
        return  # back to how it was when they were last told
    PendingAnnouncement.objects.create(
        assignment=row,
        member=member,
        is_loss=is_loss,
        batch_id=row.batch_id if row.cause in PERSONAL else None,
        created_at=at,
    )


def _is_told_as_overdue(row: Assignment) -> bool:
    """Return whether the row moves an overdue lead: its owner is told of both at once."""
    batch = row.batch if row.cause == Cause.ROUTING else None
    return batch is not None and batch.rule_id is None


@dataclass(frozen=True, slots=True)
class UnfinishedBatches:
    """Parts of some batches that are still to be done.

    `pending`: pairs of batch and member with open rows, to or from the member.
    `unwritten`: batches not written in full.
    """

    pending: frozenset[tuple[int | None, int | None]]
    unwritten: frozenset[int | None]

    @classmethod
    def of(cls, batches: Collection[int]) -> Self:
        """Return what is still to be done of these batches (ids).

        Pending rows by batch and either member, and batches not fully written.
        """
        rows = Assignment.objects.pending().filter(batch__in=batches).order_by()
        plans = SavedPlan.objects.filter(batch__in=batches, written__lt=F("total"))
        to_whom = rows.values_list("batch", "to").distinct()
        from_whom = rows.values_list("batch", "expected").distinct()
        return cls(
            frozenset([*to_whom, *from_whom]),
            frozenset(plans.values_list("batch", flat=True)),
        )

    def is_through(self, batch: int, member: int) -> bool:
        """Return whether the batch is written in full, with no pending row to or from
        this member.
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
        .values_list("member", "batch", "is_loss")
        .annotate(first=Min("created_at"), last=Max("created_at"))
    )
    unfinished = UnfinishedBatches.of({batch for _, batch, *_ in groups if batch})
    count = 0
    for member, batch, is_loss, first, last in groups:
        if batch is None:
            is_ripe = last <= at - PAUSE or first <= at - LONGEST
        else:
            is_late = first <= at - LONGEST_BATCH
            is_ripe = is_late or unfinished.is_through(batch, member)
        if is_ripe:
            count += _notify_of(member, batch, at, is_loss=is_loss)
    return count


@transaction.atomic
def _notify_of(member: int, batch: int | None, at: datetime, *, is_loss: bool) -> int:
    """Notify a member of the queued leads they still own, or (`is_loss`) still do not.

    Return 1 if told, else 0. `batch` None stands for rows without one. The rows leave
    the queue in any case. A lead given twice counts once, by its last row.
    """
    rows = PendingAnnouncement.objects.filter(
        member=member, batch=batch, is_loss=is_loss
    )
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    queued = list(locked.values_list("pk", "assignment"))
    # A lead that was given twice counts once, by who gave it last.
    by_lead: dict[int, Assignment] = {}
    for part in batched([assignment for _, assignment in queued], 500, strict=False):
        still_true = _lost_leads(part, member) if is_loss else _owned_leads(part)
        by_lead |= {change.lead_id: change for change in still_true}
    changes = list(by_lead.values())
    reader = Member.objects.select_related("user").get(pk=member)
    seen, unseen = _parted_by_sight(reader, changes)
    if is_loss:
        told = changes and _notify_loss(reader, batch, seen, unseen, at)
    else:
        told = seen and _notify_gain(reader, batch, seen, at)
    for part in batched([pk for pk, _ in queued], 500, strict=False):
        PendingAnnouncement.objects.filter(pk__in=part).delete()
    return 1 if told else 0


def _parted_by_sight(
    reader: Member, changes: Sequence[Assignment]
) -> tuple[list[Assignment], list[Assignment]]:
    """Return the changes whose lead the member's login sees, and the others.

    A member without a login sees all.
    """
    sight = Sight.of(reader.user) if reader.user else EVERYTHING
    if sight.sees_all:
        return list(changes), []
    visible: set[int] = set()
    for part in batched([change.lead_id for change in changes], 500, strict=False):
        leads = Lead.objects.filter(sight.leads(), pk__in=part).order_by()
        visible |= set(leads.values_list("pk", flat=True))
    seen = [change for change in changes if change.lead_id in visible]
    return seen, [change for change in changes if change.lead_id not in visible]


def _owned_leads(ids: Sequence[int]) -> Iterable[Assignment]:
    """Return those of these rows (ids) whose lead is present and with their `to`."""
    return _joined(Assignment.objects.filter(pk__in=ids, lead__owner=F("to")))


def _lost_leads(ids: Sequence[int], member: int) -> Iterable[Assignment]:
    """Return those of these rows (ids) whose lead is present and not with the member."""
    return _joined(Assignment.objects.filter(pk__in=ids).exclude(lead__owner=member))


def _joined(changes: QuerySet[Assignment]) -> Iterable[Assignment]:
    needed = changes.filter(lead__gone_at=None).select_related(
        "lead__campaign", "actor", "to"
    )
    return needed.defer("lead__custom_fields", "lead__search_text").order_by("pk")


def _notify_gain(
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
        text="\n".join(_gain_lines(changes)),
        path=_path(changes, batch, member, elsewhere=f"/inbox/?owner={member.pk}"),
        at=at,
    )


def _notify_loss(
    member: Member,
    batch: int | None,
    seen: Sequence[Assignment],
    unseen: Sequence[Assignment],
    at: datetime,
) -> object:
    """Tell of leads that a member lost; only those that they still see are named."""
    changes = [*seen, *unseen]
    return notify(
        member,
        kind=NotificationKind.TAKEN,
        key=f"taken-{changes[0].pk}",
        subject=_loss_subject(changes, is_named=not unseen),
        text="\n".join(_loss_lines(changes, seen=seen)),
        path="/inbox/?owner=me"
        if not seen
        else _path(changes, batch, member, elsewhere=f"/history/?member={member.pk}"),
        at=at,
    )


def _source(change: Assignment) -> str:
    """Return who gave the lead: the actor, the words BY_RULE, or else IN_SMARTLEAD."""
    if change.actor:
        return f"{change.actor}"
    return BY_RULE if change.cause == Cause.ROUTING else IN_SMARTLEAD


def _receiver(change: Assignment) -> str:
    return f"{change.to}" if change.to else "nobody"


def _loss_subject(changes: Sequence[Assignment], *, is_named: bool) -> str:
    """Return e.g. `Sara Klein gave 12 of your leads to Ben Okafor`.

    With `is_named` a single lead has its name. Several receivers are counted, several
    sources are left out.
    """
    count, lead = len(changes), changes[0].lead
    sources = {_source(change) for change in changes}
    receivers = {_receiver(change) for change in changes}
    whom = receivers.pop() if len(receivers) == 1 else f"{len(receivers)} others"
    if len(sources) > 1:
        return f"{count:,} of your leads were given to {whom}"
    one = f"your lead {lead}" if is_named else "one of your leads"
    what = one if count == 1 else f"{count:,} of your leads"
    return f"{sources.pop()} gave {what} to {whom}"


def _loss_lines(
    changes: Sequence[Assignment], *, seen: Sequence[Assignment]
) -> list[str]:
    receivers = Counter(_receiver(change) for change in changes)
    lines = _source_lines(changes, "{source} gave away {count:,}.")
    if len(receivers) > 1:
        lines += [f"{count:,} to {name}." for name, count in receivers.most_common()]
    lines += _lead_lines(seen, names_receiver=len(receivers) > 1)
    if unseen := len(changes) - len(seen):
        lines.append(f"{unseen:,} you do not see any more.")
    return lines


def _gain_lines(changes: Sequence[Assignment]) -> list[str]:
    return [
        *_source_lines(changes, "{source} gave you {count:,}."),
        *_lead_lines(changes),
    ]


def _source_lines(changes: Sequence[Assignment], template: str) -> list[str]:
    """Return the template filled in for each source of several.

    Of one source: the reason of a single lead that was not given in Smartlead, else
    nothing.
    """
    sources = Counter(_source(change) for change in changes)
    if len(sources) > 1:
        return [
            template.format(source=source, count=count)
            for source, count in sources.items()
        ]
    says_why = len(changes) == 1 and changes[0].cause != Cause.OUTSIDE
    return [one_line(f"Why: {changes[0].reason}")] if says_why else []


def _lead_lines(
    changes: Sequence[Assignment], *, names_receiver: bool = False
) -> list[str]:
    lines = []
    for change in changes[:MOST_NAMED]:
        lead = change.lead
        about = ", ".join(filter(None, [f"{lead.company}", f"{lead.campaign or ''}"]))
        line = f"{lead}, {about}" if about else f"{lead}"
        to = f": now with {_receiver(change)}" if names_receiver else ""
        lines.append(one_line(f"{line}{to}"))
    more = len(changes) - MOST_NAMED
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def _path(
    changes: Sequence[Assignment], batch: int | None, member: Member, *, elsewhere: str
) -> str:
    """Return the path of a single lead, of the member's rows of the batch in the
    history, or `elsewhere`.
    """
    if len(changes) == 1:
        return f"/leads/{changes[0].lead_id}/"
    if batch:
        return f"/history/?batch={batch}&member={member.pk}"
    return elsewhere
