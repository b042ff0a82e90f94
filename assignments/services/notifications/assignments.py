"""Who is told of the leads they get, many in one message.

Each change that came true leaves a row in its own transaction; the clock makes one
message of what belongs together. What somebody gave to themself they know.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Self

from django.db import transaction
from django.db.models import F, Max, Min

from assignments.models import Assignment, Member, SavedPlan, Untold
from assignments.models.assignment import PERSONAL, Cause
from assignments.models.notification import Kind
from assignments.services.notifications.notify import one_line, tell

PAUSE = timedelta(minutes=1)  # so long nothing more must come
LONGEST = timedelta(minutes=10)  # told then, whatever more may come
LONGEST_BATCH = timedelta(hours=1)  # a batch that is paused, say
MOST_NAMED = 20
IN_SMARTLEAD, BY_RULE = "Somebody in Smartlead", "A routing rule"


def remember(row: Assignment, *, at: datetime) -> None:
    """This change came true; its new owner is to hear of it, if nothing else says it.

    What moves with a coverage is told with the coverage.
    """
    to = row.to
    if to is None or row.is_of_coverage or not to.is_active:
        return
    is_own = row.actor_id is not None and row.actor_id == to.user_id
    if is_own or not (to.user_id or to.email):
        return
    Untold.objects.create(
        assignment=row,
        member=to,
        batch_id=row.batch_id if row.cause in PERSONAL else None,
        created_at=at,
    )


@dataclass(frozen=True, slots=True)
class Moving:
    """What of some batches is still to come true: by batch and member, or unwritten."""

    pending: frozenset[tuple[int | None, int | None]]
    unwritten: frozenset[int | None]

    @classmethod
    def of(cls, batches: Collection[int]) -> Self:
        """By the batch only: the rows of one member may be half of a long ledger."""
        rows = Assignment.objects.pending().filter(batch__in=batches).order_by()
        plans = SavedPlan.objects.filter(batch__in=batches, written__lt=F("total"))
        return cls(
            frozenset(rows.values_list("batch", "to").distinct()),
            frozenset(plans.values_list("batch", flat=True)),
        )

    def is_through(self, batch: int, member: int) -> bool:
        return batch not in self.unwritten and (batch, member) not in self.pending


def tell_all(*, at: datetime) -> int:
    """What is complete, and what has waited for long; how many messages."""
    groups = list(
        Untold.objects.order_by()
        .values_list("member", "batch")
        .annotate(first=Min("created_at"), last=Max("created_at"))
    )
    moving = Moving.of({batch for _, batch, *_ in groups if batch})
    count = 0
    for member, batch, first, last in groups:
        if batch is None:
            is_ripe = last <= at - PAUSE or first <= at - LONGEST
        else:
            is_late = first <= at - LONGEST_BATCH
            is_ripe = is_late or moving.is_through(batch, member)
        if is_ripe:
            count += _tell(member, batch, at)
    return count


@transaction.atomic
def _tell(member: int, batch: int | None, at: datetime) -> int:
    """One message about those that they still have."""
    rows = Untold.objects.filter(member=member, batch=batch)
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    got = [
        change
        for some in batched(ids, 500, strict=False)
        for change in _still_theirs(some)
    ]
    # Given, taken away and given again is one lead, by who gave it last.
    once = list({change.lead_id: change for change in got}.values())
    told = once and _say(Member.objects.get(pk=member), batch, once, at)
    for some in batched(ids, 500, strict=False):
        Untold.objects.filter(pk__in=some).delete()
    return 1 if told else 0


def _still_theirs(ids: Sequence[int]) -> list[Assignment]:
    changes = Assignment.objects.filter(
        untold__in=ids, lead__owner=F("to"), lead__gone_at=None
    )
    needed = changes.select_related("lead__campaign", "actor")
    return list(needed.defer("lead__custom_fields", "lead__search_text").order_by("pk"))


def _say(
    member: Member, batch: int | None, got: Sequence[Assignment], at: datetime
) -> object:
    sources = Counter(_source(change) for change in got)
    what = str(got[0].lead) if len(got) == 1 else f"{len(got):,} leads"
    [(source, _), *others] = sources.most_common()
    return tell(
        member,
        kind=Kind.ASSIGNED,
        # The first of them has never been told of, and is never again.
        key=f"assigned-{got[0].pk}",
        subject=f"You were given {what}" if others else f"{source} gave you {what}",
        text="\n".join(_lines(sources, got)),
        path=_path(member, batch, got),
        at=at,
    )


def _source(change: Assignment) -> str:
    if change.actor:
        return f"{change.actor}"
    return BY_RULE if change.cause == Cause.ROUTING else IN_SMARTLEAD


def _lines(sources: Counter[str], got: Sequence[Assignment]) -> list[str]:
    if len(sources) == 1:
        says_why = len(got) == 1 and got[0].cause != Cause.OUTSIDE
        lines = [one_line(f"Why: {got[0].reason}")] if says_why else []
    else:
        lines = [f"{source} gave you {count:,}." for source, count in sources.items()]
    for change in got[:MOST_NAMED]:
        lead = change.lead
        about = ", ".join(filter(None, [f"{lead.company}", f"{lead.campaign or ''}"]))
        lines.append(one_line(f"{lead}, {about}" if about else f"{lead}"))
    more = len(got) - MOST_NAMED
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def _path(member: Member, batch: int | None, got: Sequence[Assignment]) -> str:
    if len(got) == 1:
        return f"/leads/{got[0].lead_id}/"
    if batch:
        return f"/history/?batch={batch}&member={member.pk}"
    return f"/inbox/?owner={member.pk}"
