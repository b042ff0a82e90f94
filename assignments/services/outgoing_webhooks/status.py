"""The state of outgoing webhooks: for the system page, the settings and metrics."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet

from assignments.models import OutgoingDelivery, OutgoingEndpoint

State = OutgoingDelivery.State
MANY_FAILURES = 3  # in a row, until an endpoint counts as failing


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """An endpoint with the numbers of its deliveries."""

    endpoint: OutgoingEndpoint
    waiting: int
    failed: int

    @property
    def is_failing(self) -> bool:
        endpoint = self.endpoint
        return endpoint.is_active and endpoint.failures >= MANY_FAILURES


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingHealth:
    """The sums over all endpoints; `oldest_at`: the oldest event that still waits.

    `stopped` are those that Handoff has disabled by itself.
    """

    endpoints: int
    failing: int
    stopped: int
    waiting: int
    failed: int
    oldest_at: datetime | None

    @property
    def is_trouble(self) -> bool:
        return bool(self.failing or self.stopped or self.failed)


def endpoint_states() -> list[EndpointState]:
    """Return all endpoints with their numbers, in two queries."""
    counts = _counts()
    return [
        EndpointState(
            endpoint=endpoint,
            waiting=counts.get((endpoint.pk, State.WAITING), 0)
            + counts.get((endpoint.pk, State.SENDING), 0),
            failed=counts.get((endpoint.pk, State.FAILED), 0),
        )
        for endpoint in OutgoingEndpoint.objects.kept()
    ]


def outgoing_health() -> OutgoingHealth:
    states = endpoint_states()
    oldest = None
    if any(state.waiting for state in states):
        pending = OutgoingDelivery.objects.pending()
        oldest = pending.aggregate(oldest=Min("created_at"))["oldest"]
    return OutgoingHealth(
        endpoints=len(states),
        failing=sum(state.is_failing for state in states),
        stopped=sum(state.endpoint.was_stopped for state in states),
        waiting=sum(state.waiting for state in states),
        failed=sum(state.failed for state in states),
        oldest_at=oldest,
    )


def stopped_endpoints() -> QuerySet[OutgoingEndpoint]:
    """Return the endpoints that Handoff has disabled by itself."""
    return OutgoingEndpoint.objects.kept().filter(was_stopped=True)


def _counts() -> dict[tuple[int, str], int]:
    """Return how many deliveries that have not arrived there are, by endpoint and state."""
    left = OutgoingDelivery.objects.filter(
        state__in=(State.WAITING, State.SENDING, State.FAILED)
    ).order_by()
    rows = left.values_list("endpoint", "state").annotate(Count("pk"))
    return {(endpoint, state): count for endpoint, state, count in rows}
