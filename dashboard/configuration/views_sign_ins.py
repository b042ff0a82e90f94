"""The log of sign-ins, and the end of a lock."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments.models import SignInEvent, User
from assignments.services.errors import AssignmentRefused
from assignments.services.people import second_factors, sessions, sign_ins
from dashboard.htmx import PageRequest
from dashboard.pagination import BadCursor, Cursor, Order, page_of
from dashboard.team.views_members import check_manager

TEMPLATE = "configuration/sign_ins.html"
NEWEST_FIRST = Order(first="at", key="pk", descending=True)


@require_safe
def sign_in_log(request: PageRequest) -> HttpResponse:
    check_manager(request, "read who signed in")
    after = request.GET.get("after", "")
    try:
        cursor = Cursor.decoded(after, "sign-ins") if after else None
    except BadCursor as bad:
        context: dict[str, Any] = {"problem": str(bad)}
        return render(request, TEMPLATE, context, status=400)
    events = SignInEvent.objects.select_related("user", "by")
    page = page_of(events, order=NEWEST_FIRST, after=cursor)
    context = {
        "events": page.rows,
        "earlier": page.earlier and page.earlier.encoded("sign-ins"),
        "later": page.later and page.later.encoded("sign-ins"),
    }
    return render(request, TEMPLATE, context)


@require_POST
def unlock_user(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "unlock a login")
    user = get_object_or_404(User, pk=pk)
    sign_ins.unlock_user(actor=request.user, user=user)
    messages.success(request, f"{user} can try again at once.")
    return redirect("user", pk)


@require_POST
def end_sessions(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "end the sessions of others")
    user = get_object_or_404(User, pk=pk)
    at = timezone.now()
    count = sessions.end_by_manager(actor=request.user, user=user, at=at)
    unit = "session" if count == 1 else "sessions"
    messages.success(request, f"{user} is signed out: {count} {unit} ended.")
    return redirect("user", pk)


@require_POST
def reset_second_factor(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "reset a second factor")
    user = get_object_or_404(User, pk=pk)
    try:
        second_factors.reset(actor=request.user, user=user, at=timezone.now())
    except AssignmentRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{user} has no second factor now, and is signed out everywhere."
        )
    return redirect("user", pk)
