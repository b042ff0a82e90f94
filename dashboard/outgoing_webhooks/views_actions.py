"""Acts on an endpoint, and on single deliveries."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.models import OutgoingDelivery, OutgoingEndpoint
from assignments.services.errors import AssignmentRefused
from assignments.services.outgoing_webhooks import endpoints, replay
from dashboard.htmx import PageRequest
from dashboard.outgoing_webhooks.forms import SinceForm
from dashboard.outgoing_webhooks.views import kept_endpoint, shown_endpoint
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager
from dashboard.templatetags.handoff import counted


@require_POST
def send_test(request: PageRequest, pk: int) -> HttpResponse:
    def act(endpoint: OutgoingEndpoint) -> str:
        endpoints.send_test(actor=request.user, endpoint=endpoint, at=timezone.now())
        return "A test is on its way. Open the page again to see what became of it."

    return _act(request, pk, act)


@require_POST
def disable(request: PageRequest, pk: int) -> HttpResponse:
    def act(endpoint: OutgoingEndpoint) -> str:
        endpoints.disable_endpoint(
            actor=request.user, endpoint=endpoint, at=timezone.now()
        )
        return f"{endpoint} is disabled: nothing is sent to it."

    return _act(request, pk, act)


@require_POST
def enable(request: PageRequest, pk: int) -> HttpResponse:
    def act(endpoint: OutgoingEndpoint) -> str:
        endpoints.enable_endpoint(actor=request.user, endpoint=endpoint)
        return f"{endpoint} is on: it is told of what happens from now on."

    return _act(request, pk, act)


@require_POST
def remove(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, endpoints.ACT)
    endpoint = kept_endpoint(pk)
    endpoints.remove_endpoint(actor=request.user, endpoint=endpoint, at=timezone.now())
    messages.success(request, f"{endpoint} is removed.")
    return redirect("outgoing_webhooks")


@require_POST
def replay_failed(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, endpoints.ACT)
    form = SinceForm(request.POST)
    if not form.is_valid():
        endpoint = kept_endpoint(pk)
        return shown_endpoint(request, endpoint, since_form=form, status=422)

    def act(endpoint: OutgoingEndpoint) -> str:
        count = replay.replay_failed(
            actor=request.user,
            endpoint=endpoint,
            since=form.moment,
            at=timezone.now(),
        )
        if not count:
            return "No delivery has failed since then."
        return f"{counted(count, 'failed event')} sent again."

    return _act(request, pk, act)


@require_POST
def replay_delivery(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, endpoints.ACT)
    delivery = _delivery(pk)

    def act(_: OutgoingEndpoint) -> str:
        replay.replay_delivery(actor=request.user, delivery=delivery, at=timezone.now())
        return "It is sent again, with the same id."

    return _act(request, delivery.endpoint_id, act)


@require_POST
def dismiss_delivery(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, endpoints.ACT)
    delivery = _delivery(pk)

    def act(_: OutgoingEndpoint) -> str:
        replay.dismiss_failed(actor=request.user, delivery=delivery)
        return "It is off the list of failed ones. It did not arrive."

    return _act(request, delivery.endpoint_id, act)


def _delivery(pk: int) -> OutgoingDelivery:
    rows = OutgoingDelivery.objects.filter(endpoint__removed_at=None)
    return get_object_or_404(rows.select_related("endpoint"), pk=pk)


def _act(
    request: PageRequest, pk: int, act: Callable[[OutgoingEndpoint], str]
) -> HttpResponse:
    """Call `act` with the endpoint, say what it returns and redirect to its page; a
    refusal shows that page with status 409. Raises PermissionDenied for NotAllowed.
    """
    check_manager(request, endpoints.ACT)
    endpoint = kept_endpoint(pk)
    try:
        messages.success(request, act(endpoint))
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return shown_endpoint(request, kept_endpoint(pk), status=409)
    return redirect("endpoint", pk)
