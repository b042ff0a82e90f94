"""Pages of the endpoints of outgoing webhooks."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from assignments.models import OutgoingDelivery, OutgoingEndpoint
from assignments.services.errors import AssignmentRefused
from assignments.services.outgoing_webhooks import endpoints
from assignments.services.outgoing_webhooks.delivery_queue import MOST_ATTEMPTS
from assignments.services.outgoing_webhooks.events import readable_body
from assignments.services.outgoing_webhooks.status import endpoint_states
from dashboard.htmx import PageRequest
from dashboard.outgoing_webhooks.forms import EndpointForm, SinceForm
from dashboard.pagination import BadCursor, Cursor, Order, page_of
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

LOOK = "see outgoing webhooks"
NEWEST_FIRST = Order(first="pk", key="pk", descending=True)
REPLAY_SINCE = timedelta(days=3)


@require_safe
def outgoing_webhooks(request: PageRequest) -> HttpResponse:
    check_manager(request, LOOK)
    context = {"states": endpoint_states()}
    return render(request, "outgoing_webhooks/endpoints.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_endpoint(request: PageRequest) -> HttpResponse:
    """Show the form; on POST store the endpoint and show its secret.

    Answers 422 if the form is not valid or the address not allowed. Raises
    PermissionDenied unless the viewer is a sales manager.
    """
    check_manager(request, endpoints.ACT)
    form = EndpointForm(request.POST or None)
    if form.is_valid():
        try:
            endpoint = endpoints.add_endpoint(
                actor=request.user, at=timezone.now(), **form.cleaned_data
            )
        except AssignmentRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return secret_page(request, endpoint, is_new=True)
    status = 422 if form.is_bound else 200
    context = {"form": form}
    return render(request, "outgoing_webhooks/new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def endpoint_page(request: PageRequest, pk: int) -> HttpResponse:
    """Show an endpoint and its deliveries, newest first; on POST change it.

    Answers 422 if the form is not valid or the address not allowed, 400 for a page of
    another filter. Raises PermissionDenied unless the viewer is a sales manager.
    """
    check_manager(request, LOOK)
    endpoint = kept_endpoint(pk)
    if request.method != "POST":
        return shown_endpoint(request, endpoint)
    form = EndpointForm.of(endpoint, request.POST)
    if form.is_valid():
        try:
            endpoints.change_endpoint(
                actor=request.user, endpoint=endpoint, **form.cleaned_data
            )
        except AssignmentRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{endpoint} is saved.")
            return redirect("endpoint", pk)
    return shown_endpoint(request, kept_endpoint(pk), form=form, status=422)


@never_cache
@require_POST
def show_secret(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "see the secret of an endpoint")
    return secret_page(request, kept_endpoint(pk))


@never_cache
@require_POST
def rotate_secret(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, endpoints.ACT)
    endpoint = kept_endpoint(pk)
    endpoints.rotate_secret(actor=request.user, endpoint=endpoint, at=timezone.now())
    endpoint.refresh_from_db()
    return secret_page(request, endpoint, is_rotated=True)


def secret_page(
    request: PageRequest, endpoint: OutgoingEndpoint, **said: bool
) -> HttpResponse:
    """Show the secret in plain text; a secret that cannot be read answers 409."""
    try:
        secret = endpoints.secret_of(actor=request.user, endpoint=endpoint)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return shown_endpoint(request, endpoint, status=409)
    context = {"endpoint": endpoint, "secret": secret, **said}
    return render(request, "outgoing_webhooks/secret.html", context)


def kept_endpoint(pk: int) -> OutgoingEndpoint:
    """Return the endpoint; raises Http404 if there is none, or it was removed."""
    return get_object_or_404(OutgoingEndpoint.objects.kept(), pk=pk)


def shown_endpoint(
    request: PageRequest,
    endpoint: OutgoingEndpoint,
    *,
    form: EndpointForm | None = None,
    since_form: SinceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show an endpoint with its deliveries, all or the failed ones (`?only=failed`)."""
    only_failed = request.GET.get("only") == "failed"
    scope = f"deliveries {endpoint.pk} {only_failed}"
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "form": form or EndpointForm.of(endpoint),
        "since_form": since_form or _since_form(),
        "only_failed": only_failed,
        "filter": {"query": "only=failed" if only_failed else ""},
        "failed": OutgoingDelivery.objects.failed().filter(endpoint=endpoint).count(),
        "most_attempts": MOST_ATTEMPTS,
    }
    after = request.GET.get("after", "")
    try:
        cursor = Cursor.decoded(after, scope) if after else None
    except BadCursor as bad:
        context["problem"], cursor, status = str(bad), None, 400
    wanted = Q(state=OutgoingDelivery.State.FAILED) if only_failed else Q()
    deliveries = endpoint.deliveries.filter(wanted).select_related("event")
    page = page_of(deliveries, order=NEWEST_FIRST, after=cursor)
    context["deliveries"] = [
        (delivery, readable_body(delivery.event)) for delivery in page.rows
    ]
    context["earlier"] = page.earlier and page.earlier.encoded(scope)
    context["later"] = page.later and page.later.encoded(scope)
    return render(request, "outgoing_webhooks/endpoint.html", context, status=status)


def _since_form() -> SinceForm:
    since = timezone.localdate() - REPLAY_SINCE
    return SinceForm(initial={"since": since.isoformat()})
