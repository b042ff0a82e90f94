"""The worker's part, at the moment that the clock shows."""

from datetime import timedelta

from django.utils import timezone

from assignments.models import OutgoingEvent
from assignments.models.outgoing_webhook import OutgoingKind
from assignments.services.outgoing_webhooks import delivery_queue
from assignments.services.outgoing_webhooks.events import record_event

HOUR = timedelta(hours=1)


def happen(kind: OutgoingKind = OutgoingKind.OWNER_CHANGED, **data) -> OutgoingEvent:
    event = record_event(kind, data=data or {"lead_id": 7}, at=timezone.now())
    assert event is not None
    return event


def send_due() -> int:
    """Send all that is due; return how many attempts that were."""
    until = timezone.now() + timedelta(minutes=1)
    return delivery_queue.deliver_due(until=until, clock=timezone.now)
