"""The way of a delivery: claimed, sent, settled.

A claim is a random token and a lease, as for all that is sent, and counts as an attempt.
What may have arrived is sent again with the same webhook-id: rather twice than never.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from assignments import webhook_sender
from assignments.encryption import SecretUnreadable
from assignments.models import OutgoingDelivery, OutgoingEndpoint
from assignments.services.outgoing_webhooks.events import body_of
from assignments.services.outgoing_webhooks.signing_secrets import (
    signatures,
)
from assignments.version import VERSION
from assignments.visible_text import visible
from assignments.webhook_sender import SendFailed, SentAnswer

logger = logging.getLogger(__name__)

State = OutgoingDelivery.State
# The pauses after each failed attempt; the scheme's own example, 3 days in all.
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(RETRY_AFTER) + 1
# How long an endpoint is left alone after so many failures in a row, the last again and
# again: what is down must not cost the others ten seconds for each of its events.
ENDPOINT_PAUSES = (5, 30, 120, 300, 900)  # seconds
LONGEST_RETRY_AFTER = timedelta(hours=24)
LONGEST_ANSWER_KEPT = 300
LEFT_WHEN_DISABLED = "Not sent: the endpoint was disabled."
GONE = 410
PAUSED_BY = (429, 503)


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A delivery that this process may send while its lease lasts."""

    delivery: OutgoingDelivery
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """The end of an attempt; `pause` is what the receiver has asked for."""

    sentence: str
    is_success: bool = False
    is_gone: bool = False
    status: int | None = None
    pause: timedelta | None = None
    answer: str = ""


def claim_next(*, at: datetime) -> DeliveryClaim | None:
    """Claim the oldest due delivery of an endpoint for OUTGOING_LEASE seconds.

    Endpoints take turns, those with the fewest failures first; one delivery of an
    endpoint is sent at a time. None if nothing is due.
    """
    for endpoint in _ready_endpoints(at):
        due = OutgoingDelivery.objects.due(at)
        joined = due.filter(endpoint=endpoint).select_related("event", "endpoint")
        if delivery := joined.order_by("pk").first():
            token = secrets.token_hex(16)
            is_mine = due.filter(pk=delivery.pk).update(
                state=State.SENDING,
                token=token,
                lease_until=at + timedelta(seconds=settings.OUTGOING_LEASE),
                attempts=F("attempts") + 1,
            )
            if is_mine:
                delivery.attempts += 1
                return DeliveryClaim(delivery, token)
    return None


def is_anything_due(*, at: datetime) -> bool:
    """Return whether a delivery could be claimed."""
    due = OutgoingDelivery.objects.due(at).filter(endpoint__in=_ready_endpoints(at))
    return due.exists()


def deliver_due(*, until: datetime, clock: Callable[[], datetime]) -> int:
    """Send due deliveries until `until` or none is due; return how many attempts."""
    count = 0
    while clock() < until and (claim := claim_next(at=clock())):
        deliver_claimed(claim, clock=clock)
        count += 1
    return count


def deliver_claimed(claim: DeliveryClaim, *, clock: Callable[[], datetime]) -> None:
    """Send a claimed delivery and record what became of it.

    Does nothing if the lease ends before the request would: another process has it then.
    """
    at = clock()
    deadline = timedelta(seconds=webhook_sender.DEADLINE)
    if not _claimed(claim).filter(lease_until__gt=at + deadline).exists():
        return
    began = time.perf_counter()
    result = _attempt(claim.delivery, at)
    _log_attempt(claim.delivery, result, time.perf_counter() - began)
    _settle(claim, result, clock())


def _attempt(delivery: OutgoingDelivery, at: datetime) -> AttemptResult:
    event, endpoint = delivery.event, delivery.endpoint
    body = body_of(event)
    try:
        signed = signatures(endpoint, message_id=event.message_id, body=body, at=at)
    except SecretUnreadable:
        sentence = "SECRET_KEY has changed, so the secret cannot be read: rotate it."
        return AttemptResult(sentence=sentence)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Handoff/{VERSION}",
        "webhook-id": event.message_id,
        "webhook-timestamp": f"{int(at.timestamp())}",
        "webhook-signature": signed,
    }
    try:
        answer = webhook_sender.post(endpoint.url, headers=headers, body=body.encode())
    except SendFailed as problem:
        return AttemptResult(sentence=str(problem))
    return _read_answer(answer, at)


def _log_attempt(
    delivery: OutgoingDelivery, result: AttemptResult, seconds: float
) -> None:
    """Log one line of an attempt: no address, body or answer."""
    outcome = "no answer" if result.status is None else f"{result.status // 100}xx"
    milliseconds = round(seconds * 1000)
    logger.info(
        "Webhook endpoint %d: %s in %d ms, attempt %d, delivery %d",
        delivery.endpoint_id, result.status or outcome, milliseconds,
        delivery.attempts, delivery.pk,
        extra={
            "outcome": outcome, "status": result.status, "ms": milliseconds,
            "attempt": delivery.attempts, "row": f"delivery {delivery.pk}",
        },
    )  # fmt: skip


def _read_answer(answer: SentAnswer, at: datetime) -> AttemptResult:
    status = answer.status
    sentence = f"It answered with {status}."
    if 300 <= status < 400:
        sentence = f"It answered with {status}, a redirect: those are not followed."
    if status == GONE:
        sentence = "It answered with 410: it wants no more events."
    return AttemptResult(
        sentence=sentence,
        is_success=200 <= status < 300,
        is_gone=status == GONE,
        status=status,
        pause=_asked_pause(answer.retry_after, at) if status in PAUSED_BY else None,
        answer=visible(answer.text)[:LONGEST_ANSWER_KEPT],
    )


def _asked_pause(retry_after: str, at: datetime) -> timedelta | None:
    """Return the pause that `Retry-After` asks for, 24 hours at most; None without one
    that can be read.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        seconds = min(int(text[:9]), LONGEST_RETRY_AFTER.total_seconds())
        return timedelta(seconds=seconds)
    try:
        pause = parsedate_to_datetime(text) - at
    except (ValueError, TypeError, OverflowError):
        return None
    return max(timedelta(0), min(pause, LONGEST_RETRY_AFTER))


@transaction.atomic
def _settle(claim: DeliveryClaim, result: AttemptResult, at: datetime) -> None:
    """Record the result with delivery and endpoint; nothing if the claim is lost."""
    locked = OutgoingEndpoint.objects.select_for_update(no_key=True)
    endpoint = locked.get(pk=claim.delivery.endpoint_id)
    is_last = claim.delivery.attempts >= MOST_ATTEMPTS or result.is_gone
    fields: dict[str, object] = {"state": State.DELIVERED, "finished_at": at}
    if not result.is_success:
        fields = {"state": State.FAILED, "finished_at": at}
    if not (result.is_success or is_last):
        fields = {
            "state": State.WAITING,
            "next_attempt_at": _next_try(claim, result, at),
        }
    is_mine = _claimed(claim).update(
        **fields,
        token="",
        lease_until=None,
        last_status=result.status,
        outcome=result.sentence,
        answer=result.answer,
    )
    if not is_mine:
        return
    if result.is_success:
        _record_success(endpoint, at)
    else:
        _record_failure(endpoint, result, at)
        if result.is_gone or (is_last and _has_been_silent(endpoint, claim.delivery)):
            why = _why_disabled(result)
            disable(endpoint, why=why, at=at, was_stopped=True)


def _next_try(claim: DeliveryClaim, result: AttemptResult, at: datetime) -> datetime:
    pause = RETRY_AFTER[claim.delivery.attempts - 1]
    return at + max(pause, result.pause or pause)


def _record_success(endpoint: OutgoingEndpoint, at: datetime) -> None:
    endpoint.failures = 0
    endpoint.not_before = None
    endpoint.last_attempt_at = endpoint.last_success_at = at
    endpoint.save(
        update_fields=["failures", "not_before", "last_attempt_at", "last_success_at"]
    )


def _record_failure(
    endpoint: OutgoingEndpoint, result: AttemptResult, at: datetime
) -> None:
    place = min(endpoint.failures, len(ENDPOINT_PAUSES) - 1)
    pause = timedelta(seconds=ENDPOINT_PAUSES[place])
    endpoint.failures += 1
    endpoint.last_attempt_at = at
    endpoint.not_before = at + max(pause, result.pause or pause)
    endpoint.save(update_fields=["failures", "not_before", "last_attempt_at"])


def _has_been_silent(endpoint: OutgoingEndpoint, delivery: OutgoingDelivery) -> bool:
    """Return whether nothing has arrived since this delivery was first tried."""
    last = endpoint.last_success_at
    return last is None or last < delivery.created_at


def _why_disabled(result: AttemptResult) -> str:
    if result.is_gone:
        return result.sentence
    return f"Nothing arrived for 3 days. {result.sentence}"


def disable(
    endpoint: OutgoingEndpoint, *, why: str, at: datetime, was_stopped: bool = False
) -> None:
    """Send nothing to the endpoint any more; what waits for it has failed, and can be
    sent again later. Callers hold a transaction.
    """
    endpoint.is_active = False
    endpoint.disabled_at = at
    endpoint.disabled_why = why
    endpoint.was_stopped = was_stopped
    endpoint.save(
        update_fields=["is_active", "disabled_at", "disabled_why", "was_stopped"]
    )
    OutgoingDelivery.objects.pending().filter(endpoint=endpoint).update(
        state=State.FAILED,
        finished_at=at,
        outcome=LEFT_WHEN_DISABLED,
        token="",
        lease_until=None,
    )


def _ready_endpoints(at: datetime) -> QuerySet[OutgoingEndpoint]:
    """Return active endpoints that are not left alone just now and get nothing just now,
    fewest failures first, then in turn.
    """
    rested = Q(not_before=None) | Q(not_before__lte=at)
    under_way = OutgoingDelivery.objects.filter(state=State.SENDING, lease_until__gt=at)
    ready = OutgoingEndpoint.objects.filter(rested, is_active=True)
    return ready.exclude(pk__in=under_way.values("endpoint")).order_by(
        "failures", F("last_attempt_at").asc(nulls_first=True), "pk"
    )


def _claimed(claim: DeliveryClaim) -> QuerySet[OutgoingDelivery]:
    """Return the claimed delivery as a query, empty once the claim is lost."""
    return OutgoingDelivery.objects.filter(
        pk=claim.delivery.pk, state=State.SENDING, token=claim.token
    )
