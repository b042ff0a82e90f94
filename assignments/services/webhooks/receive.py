"""Receiving a delivery: authenticate it, store it once, apply it at once if possible."""

import hashlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from assignments.models import WebhookEvent
from assignments.services import account
from assignments.services.mail_content.parsed_mail import ParsedMail
from assignments.services.webhooks import authentication
from assignments.services.webhooks.apply import EventOutcome, apply_event
from assignments.smartlead import webhook_events
from assignments.smartlead.payload_values import as_text
from assignments.smartlead.webhook_events import EventPayload, UnreadableEvent

__all__ = ["UnreadableEvent", "apply_stored", "receive", "tick"]

logger = logging.getLogger(__name__)

State = WebhookEvent.State

KEPT_FOR = timedelta(days=30)
# An account that reports every mail it sends and every opening reports thousands a day.
IDLE_KEPT_FOR = timedelta(days=2)
MOST_FORGOTTEN = 1_000  # in one tick
MOST_RETRIED = 100
RETRY_AFTER = timedelta(minutes=1)  # doubled with each attempt
MOST_ATTEMPTS = 6
FAILED = (
    "It could not be taken in (fault {fault}). It is tried again; the next look at the "
    "inbox brings what it told in any case."
)
GIVEN_UP = (
    "It could not be taken in {attempts} times (last fault {fault}). The next look at "
    "the inbox brings what it told."
)


def receive(*, body: bytes, signature: str | None, at: datetime) -> None:
    """Store one delivery and apply it; one stored before is ignored, a test is only
    stored.

    It is stored first, so that nothing is lost if the process dies; a failure to apply
    it is not raised. Raises ForgedRequest if signature or secret is wrong and
    UnreadableEvent if the body is no JSON object; both are counted as refusals.
    """
    try:
        authentication.check_signature(body, signature)
        raw = webhook_events.parse_body(body)
        authentication.check_secret(raw)
    except authentication.ForgedRequest as forged:
        authentication.count_refusal(forged.reason, at=at)
        raise
    except UnreadableEvent:
        authentication.count_refusal(authentication.Reason.UNREADABLE, at=at)
        raise
    kept = _keep(raw, key=_key(raw, body), at=at)
    if kept is not None and kept.retry_at:
        apply_stored(pk=kept.pk, at=at)


def apply_stored(*, pk: int, at: datetime) -> None:
    """Apply a stored event and settle it; does nothing if it is settled or given up, or
    while the database belongs to another account.

    Any exception is logged and noted on the event, which is tried again later, with
    growing pauses, 6 times in all. Raises WebhookEvent.DoesNotExist.
    """
    if account.binding_problem(account.current_account()):
        return
    try:
        said = _read(pk)
        with transaction.atomic():
            _take_in(pk, said, at)
    except Exception as fault:
        logger.exception("Webhook event %s could not be taken in.", pk)
        _note_failure(pk, fault=type(fault).__name__, at=at)


def tick(*, at: datetime) -> str:
    """Apply up to 100 events that are due, and delete up to 1,000 that are 30 days old
    (ignored ones: 2 days). Return a sentence with both numbers, for the log.
    """
    due = WebhookEvent.objects.due(at).order_by("retry_at", "pk")
    retried = list(due.values_list("pk", flat=True)[:MOST_RETRIED])
    for pk in retried:
        apply_stored(pk=pk, at=at)
    forgotten = _forget(at)
    return f"{len(retried)} webhook events tried again, {forgotten} forgotten."


def _key(raw: dict[str, Any], body: bytes) -> str:
    mark = webhook_events.event_key(raw)
    return hashlib.sha256(mark.encode("utf-8", "replace") if mark else body).hexdigest()


def _keep(raw: dict[str, Any], *, key: str, at: datetime) -> WebhookEvent | None:
    """Store the event, a test as settled, and return its row; None if its key is stored
    already.
    """
    if WebhookEvent.objects.filter(key=key).exists():
        return None  # without the write lock: there may be a thousand of them
    said = EventPayload.from_payload(raw)
    event = WebhookEvent(
        key=key,
        type=said.name[:60],
        kind=said.kind,
        map_id=said.map_id,
        received_at=at,
        retry_at=at + RETRY_AFTER,
        content=webhook_events.stored_fields(raw),
    )
    if authentication.is_test_event(raw):
        _settle(event, EventOutcome(State.TEST, "A test: Smartlead reaches us."), at)
    WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)
    return WebhookEvent.objects.get(key=key)


def _read(pk: int) -> EventPayload:
    """Return the stored event with its mail parsed.

    Slow: not to be called under a lock.
    """
    said = EventPayload.from_payload(WebhookEvent.objects.get(pk=pk).content)
    return replace(said, mail=ParsedMail.of(said.mail)) if said.mail else said


def _take_in(pk: int, said: EventPayload, at: datetime) -> None:
    event = WebhookEvent.objects.select_for_update().get(pk=pk)
    if event.retry_at is None:
        return  # somebody else has been faster
    _settle(event, apply_event(said, at=at), at)
    event.save()


def _settle(event: WebhookEvent, outcome: EventOutcome, at: datetime) -> None:
    event.state, event.outcome = outcome.state, outcome.sentence[:300]
    event.map_id = outcome.map_id or event.map_id
    event.settled_at, event.retry_at, event.content = at, None, {}


@transaction.atomic
def _note_failure(pk: int, *, fault: str, at: datetime) -> None:
    event = WebhookEvent.objects.select_for_update().get(pk=pk)
    if event.retry_at is None:
        return
    event.state = State.FAILED
    event.attempts += 1
    if event.attempts < MOST_ATTEMPTS:
        event.outcome = FAILED.format(fault=as_text(fault))
        event.retry_at = at + RETRY_AFTER * 2**event.attempts
    else:
        event.outcome = GIVEN_UP.format(attempts=event.attempts, fault=fault)
        event.retry_at, event.content = None, {}
    event.save()


def _forget(at: datetime) -> int:
    old = Q(received_at__lt=at - KEPT_FOR)
    idle = Q(received_at__lt=at - IDLE_KEPT_FOR, state=State.IGNORED)
    found = WebhookEvent.objects.filter(old | idle).order_by("received_at")
    ids = list(found.values_list("pk", flat=True)[:MOST_FORGOTTEN])
    count, _ = WebhookEvent.objects.filter(pk__in=ids).delete()
    return count
