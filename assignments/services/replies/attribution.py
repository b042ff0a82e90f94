"""Whose answer it was: Smartlead does not tell, so the ledger does."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from assignments.services.sla.deadlines import Change


class Holding(NamedTuple):
    """How long a lead was held for somebody away."""

    origin_id: int
    taken_at: datetime
    ended_at: datetime | None


def owner_at(
    at: datetime, *, changes: Sequence[Change], owner_id: int | None
) -> int | None:
    """Who had the lead then. `changes`: in order; `owner_id`: who has it now."""
    done = [change for change in changes if change.at <= at]
    if done:
        return done[-1].after_id
    return changes[0].before_id if changes else owner_id


def covered_for(
    at: datetime, *, holdings: Sequence[Holding], owner_id: int | None
) -> int | None:
    """Whose lead it was then, if its owner only covered. `holdings`: lowest first."""
    for origin_id, taken_at, ended_at in holdings:
        if taken_at <= at and (ended_at is None or at < ended_at):
            return origin_id if owner_id not in {None, origin_id} else None
    return None
