"""Deliveries sent once more, or put away, and old ones removed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from assignments.models import (
    OutgoingDelivery,
    OutgoingEndpoint,
    OutgoingEvent,
    User,
)
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.outgoing_webhooks.endpoints import ACT
from assignments.task_queue import nudge_outgoing

State = OutgoingDelivery.State
FINAL = (State.DELIVERED, State.FAILED, State.DISMISSED)
KEEP_DELIVERED = timedelta(days=30)
KEEP_FAILED = timedelta(days=90)
REMOVED_AT_ONCE = 1000
ENDPOINT_GONE_AFTER = timedelta(hours=1)
DISABLED = "The endpoint is disabled. Enable it, then send again."


@transaction.atomic
def replay_delivery(*, actor: User, delivery: OutgoingDelivery, at: datetime) -> None:
    """Let a delivery that has ended wait as if new, with the same webhook-id.

    Raises NotAllowed, AssignmentRefused if the endpoint is disabled, Stale if it waits
    already.
    """
    require_manager(actor, ACT)
    _require_active(delivery.endpoint)
    rows = OutgoingDelivery.objects.filter(pk=delivery.pk, state__in=FINAL)
    if not rows.update(**_as_new(at)):
        raise Stale("It is on its way already.")
    _send_at_once(delivery.endpoint)


@transaction.atomic
def replay_failed(
    *, actor: User, endpoint: OutgoingEndpoint, since: datetime, at: datetime
) -> int:
    """Let all failed deliveries of events since `since` wait as if new; return how many.

    Raises NotAllowed, and AssignmentRefused if the endpoint is disabled.
    """
    require_manager(actor, ACT)
    _require_active(endpoint)
    failed = OutgoingDelivery.objects.failed().filter(endpoint=endpoint)
    count = failed.filter(created_at__gte=since).update(**_as_new(at))
    if count:
        _send_at_once(endpoint)
    return count


def dismiss_failed(*, actor: User, delivery: OutgoingDelivery) -> None:
    """Take a failed delivery off the list; raises NotAllowed, and Stale if it has not
    failed (any more).
    """
    require_manager(actor, ACT)
    failed = OutgoingDelivery.objects.failed().filter(pk=delivery.pk)
    if not failed.update(state=State.DISMISSED):
        raise Stale("Somebody has seen to this delivery already.")


def prune_deliveries(*, at: datetime) -> int:
    """Delete deliveries that ended long ago or whose endpoint was removed, and events
    that nothing is left of; return how many deliveries. At most REMOVED_AT_ONCE of each.
    Events with a key stay, so that nothing is raised again.
    """
    rows = OutgoingDelivery.objects
    done = rows.filter(
        state__in=(State.DELIVERED, State.DISMISSED),
        finished_at__lt=at - KEEP_DELIVERED,
    )
    failed = rows.filter(state=State.FAILED, finished_at__lt=at - KEEP_FAILED)
    gone = OutgoingEndpoint.objects.filter(removed_at__lt=at - ENDPOINT_GONE_AFTER)
    ids = list(
        rows.filter(endpoint__in=gone).values_list("pk", flat=True)[:REMOVED_AT_ONCE]
    )
    ids += done.values_list("pk", flat=True)[: REMOVED_AT_ONCE - len(ids)]
    ids += failed.values_list("pk", flat=True)[: REMOVED_AT_ONCE - len(ids)]
    if ids:
        rows.filter(pk__in=ids).delete()
    gone.filter(deliveries=None).delete()
    kept = OutgoingDelivery.objects.filter(event=OuterRef("pk"))
    alone = OutgoingEvent.objects.filter(
        ~Exists(kept), key=None, created_at__lt=at - KEEP_DELIVERED
    )
    old = list(alone.values_list("pk", flat=True)[:REMOVED_AT_ONCE])
    if old:
        OutgoingEvent.objects.filter(pk__in=old).delete()
    return len(ids)


def _as_new(at: datetime) -> dict[str, object]:
    return {
        "state": State.WAITING,
        "attempts": 0,
        "next_attempt_at": at,
        "finished_at": None,
        "outcome": "",
        "answer": "",
        "last_status": None,
    }


def _send_at_once(endpoint: OutgoingEndpoint) -> None:
    OutgoingEndpoint.objects.filter(pk=endpoint.pk).update(not_before=None)
    nudge_outgoing()


def _require_active(endpoint: OutgoingEndpoint) -> None:
    if not endpoint.is_active:
        raise AssignmentRefused(DISABLED)
