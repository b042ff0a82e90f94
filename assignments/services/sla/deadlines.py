"""Deadlines: the moment by which a reply must be answered.

Working time that passed while a member owned the lead counts in their hours; what is left
runs in the hours of the next owner, and what was overdue stays overdue. Unowned leads run
in the default hours. A member who covers is an owner like any other.

For a page of leads, in a fixed number of queries:

    policy = Book()
    changes = changes_of(ids, since=earliest_reply)
    due = due_of(
        policy,
        reply_at=reply_at,
        campaign_id=lead.campaign_id,
        category_id=lead.category_id,
        spells=spells_of(changes[lead.pk], reply_at=reply_at, owner_id=lead.owner_id),
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
from assignments.services.sla.policy import Book
from assignments.services.sla.working_time import moment_after, worked

MINUTE = timedelta(minutes=1)


class Change(NamedTuple):
    """A finished change of owner; the ids are None for nobody."""

    at: datetime
    before_id: int | None
    after_id: int | None


class Spell(NamedTuple):
    """The owner of a lead (None: nobody) from a moment on."""

    member_id: int | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """The moment by which an answer is due, by which target and in whose hours.

    `at` is None if it never is: no working time comes. `member_id` None: default hours.
    """

    at: datetime | None
    target: SlaTarget
    member_id: int | None


def due_of(
    policy: Book,
    *,
    reply_at: datetime,
    campaign_id: int | None,
    category_id: int | None,
    spells: Sequence[Spell],
) -> Due | None:
    """Return when the answer to a reply is due; None if no target applies.

    `spells`: the owners since the reply, oldest first, at least one.
    """
    target = policy.target_for(campaign_id=campaign_id, category_id=category_id)
    if target is None:
        return None
    if not target.in_working_hours:
        return Due(reply_at + target.minutes * MINUTE, target, spells[-1].member_id)
    left = target.minutes * MINUTE
    start = reply_at
    for span, following in pairwise(spells):
        used = worked(start, following.since, policy.calendar_of(span.member_id))
        if used >= left:
            return _deadline(policy, start, left, span, target)
        left, start = left - used, max(start, following.since)
    return _deadline(policy, start, left, spells[-1], target)


def spells_of(
    changes: Iterable[Change], *, reply_at: datetime, owner_id: int | None
) -> list[Spell]:
    """Return the owners of a lead from a reply on, oldest first, at least one.

    `changes`: oldest first; they may begin before the reply. `owner_id`: the owner now,
    used if there is no change.
    """
    known = list(changes)
    earlier = [change.after_id for change in known if change.at <= reply_at]
    later = [change for change in known if change.at > reply_at]
    first = earlier[-1] if earlier else later[0].before_id if later else owner_id
    return [
        Spell(first, reply_at),
        *(Spell(change.after_id, change.at) for change in later),
    ]


def changes_of(
    leads: Collection[int], *, since: datetime | None = None
) -> dict[int, list[Change]]:
    """Return the finished changes of owner by lead, oldest first, in one query.

    `since`: only those finished after that moment.
    """
    done = Assignment.objects.filter(lead__in=leads, state=State.DONE)
    if since is not None:
        done = done.filter(finished_at__gt=since)
    by_lead: dict[int, list[Change]] = defaultdict(list)
    rows = done.order_by("finished_at", "pk")
    for lead_id, at, before, after in rows.values_list(
        "lead", "finished_at", "expected", "to"
    ):
        if at is not None:
            by_lead[lead_id].append(Change(at, before, after))
    return by_lead


def work_out(leads: Iterable[Lead], policy: Book) -> set[int]:
    """Set `answer_due_at` of the leads without saving; return the ids of changed ones.

    None for leads that owe no answer or have no target. One query for all leads whose
    owner changed since their reply.
    """
    owing = [(lead, lead.last_reply_at) for lead in leads if lead.answer_owed]
    dues = dues_of([(lead, at) for lead, at in owing if at is not None], policy)
    changed = set()
    for lead in leads:
        due = dues.get(lead.pk)
        due_at = due.at if due else None
        if lead.answer_due_at != due_at:
            lead.answer_due_at = due_at
            changed.add(lead.pk)
    return changed


def dues_of(
    leads: Sequence[tuple[Lead, datetime]], policy: Book
) -> dict[int, Due | None]:
    """Return deadlines by lead id for leads given with the moment of their reply.

    None for leads without a target.
    """
    moved = {
        lead.pk: reply_at
        for lead, reply_at in leads
        if lead.owner_changed_at is not None and lead.owner_changed_at > reply_at
    }
    changes = changes_of(moved, since=min(moved.values())) if moved else {}
    return {
        lead.pk: due_of(
            policy,
            reply_at=reply_at,
            campaign_id=lead.campaign_id,
            category_id=lead.category_id,
            spells=spells_of(
                changes.get(lead.pk, ()), reply_at=reply_at, owner_id=lead.owner_id
            ),
        )
        for lead, reply_at in leads
    }


def _deadline(
    policy: Book, start: datetime, left: timedelta, span: Spell, target: SlaTarget
) -> Due:
    """Return the moment at which `left` of the owner's working time has passed."""
    calendar = policy.calendar_of(span.member_id)
    return Due(moment_after(start, left, calendar), target, span.member_id)
