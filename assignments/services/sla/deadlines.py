"""When an answer falls due.

The time that passed in the working hours of each owner counts; what is left runs in the
hours of the new owner; what was overdue stays overdue. A lead of nobody runs in the
hours of everybody; whoever covers is an owner like any other.

For a page of leads, in a number of queries that does not grow:

    book = Book()
    changes = changes_of(ids, since=earliest_reply)
    due = due_of(
        book,
        reply_at=reply_at,
        campaign_id=lead.campaign_id,
        category_id=lead.category_id,
        spells=spells_of(changes[lead.pk], reply_at=reply_at, owner_id=lead.owner_id),
    )

For a reply that was answered long ago, give only the changes up to the answer: what
the lead did afterwards is no part of it.
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
    """A change of owner that has come true, as the ledger has it."""

    at: datetime
    before_id: int | None
    after_id: int | None


class Spell(NamedTuple):
    """Whose lead it was, from this moment on. None: nobody's."""

    member_id: int | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """`at` None: never, since nobody ever works. `member_id`: in whose hours it falls."""

    at: datetime | None
    target: SlaTarget
    member_id: int | None


def due_of(
    book: Book,
    *,
    reply_at: datetime,
    campaign_id: int | None,
    category_id: int | None,
    spells: Sequence[Spell],
) -> Due | None:
    """When the answer to a reply falls due; None where no target says so.

    `spells`: whose lead it was since the reply, oldest first; the first one began before.
    """
    target = book.target_for(campaign_id=campaign_id, category_id=category_id)
    if target is None:
        return None
    if not target.in_working_hours:
        return Due(reply_at + target.minutes * MINUTE, target, spells[-1].member_id)
    left = target.minutes * MINUTE
    start = reply_at
    for spell, following in pairwise(spells):
        used = worked(start, following.since, book.calendar_of(spell.member_id))
        if used >= left:
            return _runs_out(book, start, left, spell, target)
        left, start = left - used, max(start, following.since)
    return _runs_out(book, start, left, spells[-1], target)


def spells_of(
    changes: Iterable[Change], *, reply_at: datetime, owner_id: int | None
) -> list[Spell]:
    """Whose lead it was from a reply on; `owner_id` tells it where no change does.

    `changes`: oldest first; they may begin before the reply.
    """
    known = list(changes)
    earlier = [one.after_id for one in known if one.at <= reply_at]
    later = [one for one in known if one.at > reply_at]
    first = earlier[-1] if earlier else later[0].before_id if later else owner_id
    return [
        Spell(first, reply_at),
        *(Spell(one.after_id, one.at) for one in later),
    ]


def changes_of(
    leads: Collection[int], *, since: datetime | None = None
) -> dict[int, list[Change]]:
    """The changes of these leads that came true, oldest first, in one query."""
    done = Assignment.objects.filter(lead__in=leads, state=State.DONE)
    if since is not None:
        done = done.filter(finished_at__gt=since)
    found: dict[int, list[Change]] = defaultdict(list)
    rows = done.order_by("finished_at", "pk")
    for lead_id, at, before, after in rows.values_list(
        "lead", "finished_at", "expected", "to"
    ):
        if at is not None:
            found[lead_id].append(Change(at, before, after))
    return found


def work_out(leads: Iterable[Lead], book: Book) -> set[int]:
    """Set when the answers that are owed fall due, not yet saved; the leads that change.

    One query for all of them that changed hands since their reply.
    """
    owing = [(lead, lead.last_reply_at) for lead in leads if lead.answer_owed]
    dues = dues_of([(lead, at) for lead, at in owing if at is not None], book)
    changed = set()
    for lead in leads:
        due = dues.get(lead.pk)
        moment = due.at if due else None
        if lead.answer_due_at != moment:
            lead.answer_due_at = moment
            changed.add(lead.pk)
    return changed


def dues_of(
    leads: Sequence[tuple[Lead, datetime]], book: Book
) -> dict[int, Due | None]:
    """The dues of leads with the reply that waits in each."""
    moved = {
        lead.pk: reply_at
        for lead, reply_at in leads
        if lead.owner_changed_at is not None and lead.owner_changed_at > reply_at
    }
    changes = changes_of(moved, since=min(moved.values())) if moved else {}
    return {
        lead.pk: due_of(
            book,
            reply_at=reply_at,
            campaign_id=lead.campaign_id,
            category_id=lead.category_id,
            spells=spells_of(
                changes.get(lead.pk, ()), reply_at=reply_at, owner_id=lead.owner_id
            ),
        )
        for lead, reply_at in leads
    }


def _runs_out(
    book: Book, start: datetime, left: timedelta, spell: Spell, target: SlaTarget
) -> Due:
    calendar = book.calendar_of(spell.member_id)
    return Due(moment_after(start, left, calendar), target, spell.member_id)
