"""The system page, and the two switches that stop and resume writes."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments import database_clock
from assignments.models import Mail
from assignments.services import account
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications import outbox
from assignments.services.operations import status as operations_status
from dashboard.context_processors import shell
from dashboard.htmx import PageRequest, render_page
from dashboard.permissions import ViewerRights
from dashboard.service_errors import refuse, say

NO_REASON = "Say why, so that whoever finds the pause tomorrow knows."


@require_safe
def system_page(request: PageRequest) -> HttpResponse:
    if not ViewerRights.of(request.user).sees_system:
        raise PermissionDenied(
            "The system page is for team leads and sales managers. Ask one of them."
        )
    at = database_clock.now()
    context = {"system": operations_status.system_overview(at=at), "at": at}
    return render_page(request, "system/system.html", context, fragments=("health",))


@require_safe
def banner(request: PageRequest) -> HttpResponse:
    """Return the banner that every open page polls, with the numbers of the sidebar.

    `seen` holds the marks of both, joined with a dot. If both are as they were, the
    answer is 204; if only the numbers differ, `HX-Reswap: none` leaves the banner
    alone.
    """
    frame = shell(request)
    seen = request.GET.get("seen", "").split(".")
    if seen == [str(frame["troubles_seen"]), str(frame["counts_seen"])]:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {**frame, "out_of_band": True}
    response = render(request, "system/banner.html", context)
    if seen[0] == frame["troubles_seen"]:
        # Nothing is drawn anew under somebody's hands, or said again, for a number.
        response["HX-Reswap"] = "none"
    return response


@require_POST
def pause(request: PageRequest) -> HttpResponse:
    # PostgreSQL takes no NUL.
    reason = request.POST.get("reason", "").replace("\0", "").strip()

    if not reason:
        messages.error(request, NO_REASON)
        return _page_again(request, 422)
    try:
        account.pause_writes(actor=request.user, reason=reason, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    paused = "Nothing is sent to Smartlead now. What people decide is kept and waits."
    say(request, paused, undo=reverse("resume_writes"))
    return redirect("system")


@require_POST
def resume(request: PageRequest) -> HttpResponse:
    def act() -> str:
        account.resume_writes(actor=request.user, at=timezone.now())
        return "Handoff sends to Smartlead again."

    return _switch(request, act)


@require_POST
def resume_bulk(request: PageRequest) -> HttpResponse:
    def act() -> str:
        account.resume_bulk(actor=request.user, at=timezone.now())
        return "Bulk assignments are sent again."

    return _switch(request, act)


@require_POST
def send_mail_again(request: PageRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(Mail, pk=pk)

    def act() -> str:
        outbox.resend(actor=request.user, mail=mail)
        return f"The mail to {mail.address} is sent again."

    return _switch(request, act)


@require_POST
def dismiss_mail(request: PageRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(Mail, pk=pk)

    def act() -> str:
        outbox.dismiss_refused(actor=request.user, mail=mail, at=timezone.now())
        return f"The mail to {mail.address} is off the list. It did not arrive."

    return _switch(request, act)


def _switch(request: PageRequest, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page_again(request, 409)
    return redirect("system")


def _page_again(request: PageRequest, status: int) -> HttpResponse:
    if not ViewerRights.of(request.user).is_manager:
        raise PermissionDenied("Only a sales manager can do this.")
    at = timezone.now()
    context = {"system": operations_status.system_overview(at=at), "at": at}
    return render(request, "system/system.html", context, status=status)
