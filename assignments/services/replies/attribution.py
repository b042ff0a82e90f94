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
    """Return the id of the lead's owner at `at`, None if it had none; a change at that
    very moment counts.

    `changes` are the lead's changes of owner, oldest first; before the first, its
    `before_id` is the owner. Without changes `owner_id`, the owner today, is returned.
    """
    done = [change for change in changes if change.at <= at]
    if done:
        return done[-1].after_id
    return changes[0].before_id if changes else owner_id


def covered_for(
    at: datetime, *, holdings: Sequence[HoldPeriod], owner_id: int | None
) -> int | None:
    """Return the id of the away member for whom the lead was held at `at`; None if it
    was not held.

    `holdings` are in the order of their coverages; the first that includes `at` (not
    its end) counts. `owner_id` is the owner at that moment: the result is also None if
    it is None or the away member.
    """
    for origin_id, taken_at, ended_at in holdings:
        if taken_at <= at and (ended_at is None or at < ended_at):
            return origin_id if owner_id not in {None, origin_id} else None
    return None
