"""Events are written here, in the transaction of what they tell."""

import json
import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from assignments.models import OutgoingDelivery, OutgoingEndpoint, OutgoingEvent
from assignments.models.outgoing_webhook import OutgoingKind
from assignments.task_queue import nudge_outgoing

logger = logging.getLogger(__name__)

LARGEST_BODY = 20_000  # bytes; what the scheme recommends at most
WRITTEN_AT_ONCE = 500


def record_event(
    kind: OutgoingKind, *, data: Mapping[str, Any], at: datetime
) -> OutgoingEvent | None:
    """Write an event for the active endpoints that chose its kind, and have it sent.

    Return it; None, after one query, if there is no such endpoint. A body over
    LARGEST_BODY is logged and not written: what is told must not fail for it.
    """
    written = record_events(kind, data=[data], at=at)
    return written[0] if written else None


def record_event_once(
    kind: OutgoingKind, *, key: str, data: Mapping[str, Any], at: datetime
) -> OutgoingEvent | None:
    """Do what `record_event` does, once per `key`; return None at later calls."""
    endpoints = endpoints_for(kind)
    if not endpoints or OutgoingEvent.objects.filter(key=key).exists():
        return None
    written = write_events(kind, endpoints, data=[data], at=at, key=key)
    return written[0] if written else None


def record_events(
    kind: OutgoingKind, *, data: Iterable[Mapping[str, Any]], at: datetime
) -> list[OutgoingEvent]:
    """Do for many what `record_event` does for one, with as many queries.

    `data` is not asked for its items if no endpoint has chosen this kind.
    """
    endpoints = endpoints_for(kind)
    return write_events(kind, endpoints, data=data, at=at) if endpoints else []


def endpoints_for(kind: OutgoingKind) -> list[OutgoingEndpoint]:
    """Return the active endpoints that chose this kind."""
    active = OutgoingEndpoint.objects.filter(is_active=True).only("kinds")
    return [endpoint for endpoint in active if kind in endpoint.kinds]


def write_events(
    kind: str,
    endpoints: list[OutgoingEndpoint],
    *,
    data: Iterable[Mapping[str, Any]],
    at: datetime,
    key: str | None = None,
) -> list[OutgoingEvent]:
    """Write one event for each item, with a delivery to each of the endpoints.

    With a `key` there is one item: a key has one event.
    """
    events = [
        OutgoingEvent(
            message_id=f"msg_{secrets.token_hex(16)}",
            kind=kind,
            data=dict(item),
            key=key,
            created_at=at,
        )
        for item in data
    ]
    small = [event for event in events if _is_small_enough(event)]
    _write(small, endpoints, at)
    return small


@transaction.atomic
def _write(
    events: list[OutgoingEvent], endpoints: list[OutgoingEndpoint], at: datetime
) -> None:
    OutgoingEvent.objects.bulk_create(events, batch_size=WRITTEN_AT_ONCE)
    deliveries = [
        OutgoingDelivery(
            event=event, endpoint=endpoint, created_at=at, next_attempt_at=at
        )
        for event in events
        for endpoint in endpoints
    ]
    OutgoingDelivery.objects.bulk_create(deliveries, batch_size=WRITTEN_AT_ONCE)
    if deliveries:
        nudge_outgoing()


def body_of(event: OutgoingEvent) -> str:
    """Return the body that is signed and sent, the same for each attempt."""
    body = {
        "type": event.kind,
        "timestamp": event.created_at.astimezone(UTC).isoformat(
            timespec="milliseconds"
        ),
        "data": event.data,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def readable_body(event: OutgoingEvent) -> str:
    """Return the body with line breaks, for a page."""
    return json.dumps(json.loads(body_of(event)), ensure_ascii=False, indent=2)


def _is_small_enough(event: OutgoingEvent) -> bool:
    size = len(body_of(event).encode())
    if size > LARGEST_BODY:
        logger.error("An event %s of %d bytes is not sent.", event.kind, size)
    return size <= LARGEST_BODY
