"""Deadlines: the moment by which a reply must be answered.

Working time that passed while a member owned the lead counts in their hours; what is left
runs in the hours of the next owner, and what was overdue stays overdue. Unowned leads run
in the default hours. A member who covers is an owner like any other.

For a page of leads, in a fixed number of queries:

    policy = SlaPolicy()
    changes = owner_changes(ids, since=earliest_reply)
    due = deadline_of(
        policy,
        reply_at=reply_at,
        campaign_id=lead.campaign_id,
        category_id=lead.category_id,
        spells=ownership_spans(
            changes[lead.pk], reply_at=reply_at, owner_id=lead.owner_id
        ),
    )

For a reply that was answered long ago, pass only the changes up to the answer.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from assignments.models import Assignment, Lead, SlaTarget
from assignments.models.assignment import State
from assignments.services.sla.policy import SlaPolicy
from assignments.services.sla.working_time import add_working_time, working_time_between

MINUTE = timedelta(minutes=1)


class OwnerChange(NamedTuple):
    """A finished change of owner; the ids are None for nobody."""

    at: datetime
    before_id: int | None
    after_id: int | None


class OwnershipSpan(NamedTuple):
    """The owner of a lead (None: nobody) from a moment on."""

    member_id: int | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which an answer is due, by which target and in whose hours.

    `at` is None if it never is: no working time comes. `member_id` None: default hours.
    """

    at: datetime | None
    target: SlaTarget
    member_id: int | None


def deadline_of(
    policy: SlaPolicy,
    *,
    reply_at: datetime,
    campaign_id: int | None,
    category_id: int | None,
    spells: Sequence[OwnershipSpan],
) -> Deadline | None:
    """Return when the answer to a reply is due; None if no target applies, or the reply
    is from before Handoff was connected.

    `spells`: the owners since the reply, oldest first, at least one. Working time
    counts in the hours of the owner of the moment; what is left goes on in those of the
    next. `member_id` is the owner with whom the time ends; of a target around the clock
    the last owner.
    """
    if policy.answers_count_from and reply_at < policy.answers_count_from:
        return None
    target = policy.target_for(campaign_id=campaign_id, category_id=category_id)
    if target is None:
        return None
    if not target.in_working_hours:
        return Deadline(
            reply_at + target.minutes * MINUTE, target, spells[-1].member_id
        )
    left = target.minutes * MINUTE
    start = reply_at
    for span, following in pairwise(spells):
        used = working_time_between(
            start, following.since, policy.calendar_of(span.member_id)
        )
        if used >= left:
            return _deadline(policy, start, left, span, target)
        left, start = left - used, max(start, following.since)
    return _deadline(policy, start, left, spells[-1], target)


def ownership_spans(
    changes: Iterable[OwnerChange], *, reply_at: datetime, owner_id: int | None
) -> list[OwnershipSpan]:
    """Return the owners of a lead from a reply on, oldest first; the first from
    `reply_at`.

    `changes`: oldest first; those up to the reply only say who the first owner is.
    `owner_id`: the owner now, used if there is no change at all.
    """
    known = list(changes)
    earlier = [change.after_id for change in known if change.at <= reply_at]
    later = [change for change in known if change.at > reply_at]
    first = earlier[-1] if earlier else later[0].before_id if later else owner_id
    return [
        OwnershipSpan(first, reply_at),
        *(OwnershipSpan(change.after_id, change.at) for change in later),
    ]


def owner_changes(
    leads: Collection[int], *, since: datetime | None = None
) -> dict[int, list[OwnerChange]]:
    """Return the done changes of owner by lead id, oldest first, in one query.

    `since`: only those finished after that moment. Leads without any are left out.
    """
    done = Assignment.objects.filter(lead__in=leads, state=State.DONE)
    if since is not None:
        done = done.filter(finished_at__gt=since)
    by_lead: dict[int, list[OwnerChange]] = defaultdict(list)
    rows = done.order_by("finished_at", "pk")
    for lead_id, at, before, after in rows.values_list(
        "lead", "finished_at", "expected", "to"
    ):
        if at is not None:
            by_lead[lead_id].append(OwnerChange(at, before, after))
    return by_lead


def update_deadlines(leads: Iterable[Lead], policy: SlaPolicy) -> set[int]:
    """Set `answer_due_at` of the leads without saving; return the ids of changed ones.

    None for leads that owe no answer, have no target or are never due. `leads` is
    iterated twice. One query for all leads whose owner changed since their reply.
    """
    owing = [(lead, lead.last_reply_at) for lead in leads if lead.answer_owed]
    dues = deadlines_of([(lead, at) for lead, at in owing if at is not None], policy)
    changed = set()
    for lead in leads:
        due = dues.get(lead.pk)
        due_at = due.at if due else None
        if lead.answer_due_at != due_at:
            lead.answer_due_at = due_at
            changed.add(lead.pk)
    return changed


def deadlines_of(
    leads: Sequence[tuple[Lead, datetime]], policy: SlaPolicy
) -> dict[int, Deadline | None]:
    """Return deadlines by lead id for leads given with the moment of their reply.

    The value is None for leads without a target. Owner changes are read in one query,
    only of leads whose `owner_changed_at` is after the reply.
    """
    moved = {
        lead.pk: reply_at
        for lead, reply_at in leads
        if lead.owner_changed_at is not None and lead.owner_changed_at > reply_at
    }
    changes = owner_changes(moved, since=min(moved.values())) if moved else {}
    return {
        lead.pk: deadline_of(
            policy,
            reply_at=reply_at,
            campaign_id=lead.campaign_id,
            category_id=lead.category_id,
            spells=ownership_spans(
                changes.get(lead.pk, ()), reply_at=reply_at, owner_id=lead.owner_id
            ),
        )
        for lead, reply_at in leads
    }


def _deadline(
    policy: SlaPolicy,
    start: datetime,
    left: timedelta,
    span: OwnershipSpan,
    target: SlaTarget,
) -> Deadline:
    """Return the deadline at which `left` of the owner's working time since `start` has
    passed; its `at` is None if that never comes.
    """
    calendar = policy.calendar_of(span.member_id)
    return Deadline(add_working_time(start, left, calendar), target, span.member_id)
