"""Consequences of failures: a row's own, or everybody's.

See docs/design/design.md, rule 10.
"""

from datetime import datetime, timedelta

from django.conf import settings

from assignments.models import Assignment
from assignments.models.assignment import State
from assignments.services import account
from assignments.smartlead.errors import Refused, ServiceTrouble

MANY_FAILURES = 8


def should_give_up(row: Assignment, at: datetime) -> bool:
    """Return whether to give up on a row.

    True if it failed MANY_FAILURES times or more, for the first time at least
    GIVE_UP_AFTER seconds ago, and some row was sent and done since then.
    """
    since = row.first_failed_at
    if since is None or row.failures < MANY_FAILURES:
        return False
    if since > at - timedelta(seconds=settings.GIVE_UP_AFTER):
        return False
    others = Assignment.objects.filter(state=State.DONE, sends__gt=0)
    return others.filter(finished_at__gte=since).exists()


def pause_bulk_if_refusals_repeat(at: datetime) -> None:
    """Pause bulk if the last three sent rows were all refused, with the same outcome.

    Only DONE and REFUSED rows are looked at. The three must be of three leads; rows
    that ended before bulk was last resumed do not count.
    """
    ended = Assignment.objects.filter(
        sends__gt=0, state__in=(State.DONE, State.REFUSED)
    )
    resumed_at = account.current_account().bulk_resumed_at
    if resumed_at:
        ended = ended.filter(finished_at__gt=resumed_at)
    last = list(ended.order_by("-finished_at", "-pk")[:3])
    sentences = {(row.state, row.outcome) for row in last}
    leads = {row.lead_id for row in last}
    if len(leads) == 3 and len(sentences) == 1 and last[0].state == State.REFUSED:
        account.pause_bulk(reason=last[0].outcome, at=at)


def record_outage(error: ServiceTrouble, at: datetime) -> None:
    """Start an outage, or renew its kind and sentence; a rate_limit (429) is none."""
    if error.kind != "rate_limit":
        account.start_outage(kind=error.kind, sentence=str(error), at=at)


def refusal_sentence(error: Refused) -> str:
    return f"Smartlead refused it: “{error}”"
