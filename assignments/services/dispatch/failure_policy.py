"""Whose fault a failure was: the row's, or everybody's (docs/design/design.md, rule 10)."""

from datetime import datetime, timedelta

from django.conf import settings

from assignments.models import Assignment
from assignments.models.assignment import State
from assignments.services import account
from assignments.smartlead.errors import Refused, ServiceTrouble

MANY_FAILURES = 8


def is_hopeless(row: Assignment, at: datetime) -> bool:
    """Eight failures over an hour, while other rows pass: it is this row after all."""
    since = row.first_failed_at
    if since is None or row.failures < MANY_FAILURES:
        return False
    if since > at - timedelta(seconds=settings.GIVE_UP_AFTER):
        return False
    others = Assignment.objects.filter(state=State.DONE, sends__gt=0)
    return others.filter(finished_at__gte=since).exists()


def pause_bulk_if_refusals_repeat(at: datetime) -> None:
    """Three different leads refused in a row with one sentence: something is wrong."""
    ended = Assignment.objects.filter(
        sends__gt=0, state__in=(State.DONE, State.REFUSED)
    )
    resumed_at = account.current().bulk_resumed_at
    if resumed_at:
        ended = ended.filter(finished_at__gt=resumed_at)
    last = list(ended.order_by("-finished_at", "-pk")[:3])
    sentences = {(row.state, row.outcome) for row in last}
    leads = {row.lead_id for row in last}
    if len(leads) == 3 and len(sentences) == 1 and last[0].state == State.REFUSED:
        account.pause_bulk(reason=last[0].outcome, at=at)


def tell_trouble(error: ServiceTrouble, at: datetime) -> None:
    """Too many calls are the budget's business; the rest stops the queue."""
    if error.kind != "rate_limit":
        account.note_outage(kind=error.kind, sentence=str(error), at=at)


def in_their_words(error: Refused) -> str:
    return f"Smartlead refused it: “{error}”"
