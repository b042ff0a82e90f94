"""The member to whom an answer is credited, from the ledger: Smartlead does not tell."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from assignments.services.sla.deadlines import OwnerChange


class HoldPeriod(NamedTuple):
    """A time in which a lead was held for a member who is away."""

    origin_id: int
    taken_at: datetime
    ended_at: datetime | None


def owner_at(
    at: datetime, *, changes: Sequence[OwnerChange], owner_id: int | None
) -> int | None:
    """Return the id of the lead's owner at that moment, None if it had none.

    `changes` are the lead's changes of owner, oldest first; `owner_id` is the owner
    today, who counts if there were no changes.
    """
    done = [change for change in changes if change.at <= at]
    if done:
        return done[-1].after_id
    return changes[0].before_id if changes else owner_id


def covered_for(
    at: datetime, *, holdings: Sequence[HoldPeriod], owner_id: int | None
) -> int | None:
    """Return the id of the away member whose lead it was at that moment.

    None if it was not held then, had no owner, or its owner is the away member.
    `holdings` are in the order of their coverages; the first that fits counts.
    """
    for origin_id, taken_at, ended_at in holdings:
        if taken_at <= at and (ended_at is None or at < ended_at):
            return origin_id if owner_id not in {None, origin_id} else None
    return None
