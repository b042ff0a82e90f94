"""Compare before write: what is known of an owner, and how well.

See docs/design/design.md, rule 3.
"""

from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings

from assignments.models import Assignment, Lead
from assignments.models.assignment import Urgency


class OwnerCheck(Enum):
    """The meaning of the owner as known now for a row that is about to be sent."""

    READ_FIRST = "read first"
    SEND = "send"
    OVERTAKEN = "overtaken"
    ALREADY_TRUE = "already true"
    KNOWN_NOW = "known now"


def check_owner(row: Assignment, lead: Lead, at: datetime) -> OwnerCheck:
    """Compare the owner of `lead` as known with the one that `row` expects.

    No expected owner known: KNOWN_NOW if the lead's is known now, else SEND if a recent
    GET did not name one, else READ_FIRST. Else: READ_FIRST if the owner was not sure
    recently enough (`max_owner_age`), SEND if it is the expected one, ALREADY_TRUE if
    it is the target of a row sent before, else OVERTAKEN.
    """
    if not row.expected_known:
        if lead.owner_is_known:
            return OwnerCheck.KNOWN_NOW
        is_fresh = _is_fresh(lead.owner_withheld_at, row, at)
        return OwnerCheck.SEND if is_fresh else OwnerCheck.READ_FIRST
    if not _is_fresh(lead.owner_sure_at, row, at):
        return OwnerCheck.READ_FIRST
    if lead.owner_id == row.expected_id:
        return OwnerCheck.SEND
    # Sent before, and there it is: an answer was lost, not a change by somebody else.
    if row.sends and lead.owner_id == row.to_id:
        return OwnerCheck.ALREADY_TRUE
    return OwnerCheck.OVERTAKEN


def _is_fresh(moment: datetime | None, row: Assignment, at: datetime) -> bool:
    return moment is not None and moment > at - max_owner_age(row)


def max_owner_age(row: Assignment) -> timedelta:
    """Return how old the last sure read of the owner may be when `row` is sent.

    FRESH_CLICK seconds for CLICK urgency, else FRESH seconds.
    """
    is_click = row.urgency == Urgency.CLICK
    return timedelta(seconds=settings.FRESH_CLICK if is_click else settings.FRESH)
