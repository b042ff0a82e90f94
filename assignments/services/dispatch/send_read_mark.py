"""Send to Smartlead whether a lead is read: repeatable, so that doubt costs a call."""

from datetime import datetime
from typing import Any

from django.db.models.functions import Greatest

from assignments.models import Lead
from assignments.services.dispatch.context import DispatchContext, retry_delay
from assignments.services.dispatch.failure_policy import (
    MANY_FAILURES,
    record_outage,
    refusal_sentence,
)
from assignments.services.dispatch.queue import DispatchClaim
from assignments.smartlead.budget import Slot
from assignments.smartlead.errors import (
    AmbiguousWrite,
    NotSent,
    Refused,
    ServiceTrouble,
)

NOT_CONFIRMED = "Smartlead did not confirm it."


def send_read_mark(context: DispatchContext, claim: DispatchClaim, slot: Slot) -> None:
    """Send `is_unread` of a claimed lead by one call, and store what became of it.

    Confirmed, nothing is due any more; reads asked before change no attribute. Refused,
    or not confirmed MANY_FAILURES times, the lead is again what it was, with the
    sentence. Trouble and doubt: it is due again later. If somebody has changed it
    meanwhile, that is sent next.
    """
    lead = Lead.objects.get(pk=claim.pk)
    try:
        with context.client.use_slot(slot):
            context.client.set_read(map_id=lead.pk, is_read=not lead.is_unread)
    except NotSent:
        at = context.clock()
        _finish(claim, lead, at, read_due_at=at)
    except Refused as error:
        _take_back(claim, lead, context.clock(), refusal_sentence(error))
    except AmbiguousWrite:
        _try_again(claim, lead, context.clock())
    except ServiceTrouble as error:
        at = context.clock()
        due_at = at if error.kind == "rate_limit" else at + retry_delay(1)
        _finish(claim, lead, at, read_due_at=due_at)
        record_outage(error, at)
    else:
        at = context.clock()
        seen_at = Greatest("seen_at", at)
        _finish(claim, lead, at, read_due_at=None, read_failures=0, seen_at=seen_at)


def _try_again(claim: DispatchClaim, lead: Lead, at: datetime) -> None:
    failures = lead.read_failures + 1
    if failures >= MANY_FAILURES:
        return _take_back(claim, lead, at, NOT_CONFIRMED)
    due_at = at + retry_delay(failures)
    return _finish(claim, lead, at, read_due_at=due_at, read_failures=failures)


def _take_back(claim: DispatchClaim, lead: Lead, at: datetime, sentence: str) -> None:
    before = not lead.is_unread
    _finish(claim, lead, at, is_unread=before, read_due_at=None, read_refusal=sentence)


def _finish(
    claim: DispatchClaim,
    lead: Lead,
    at: datetime,
    *,
    read_due_at: datetime | None,
    **news: Any,
) -> None:
    """Store the outcome; if the lead was marked otherwise meanwhile, only when it is due.

    That is at `read_due_at`, or at once if there was to be no further call. Nothing is
    stored once the claim is lost.
    """
    claimed = Lead.objects.filter(pk=lead.pk, read_due_at=claim.lease_until)
    same = claimed.filter(is_unread=lead.is_unread)
    if not same.update(read_due_at=read_due_at, **news):
        claimed.exclude(is_unread=lead.is_unread).update(read_due_at=read_due_at or at)
