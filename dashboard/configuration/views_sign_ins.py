"""The log of sign-ins, and the end of a lock."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from assignments.models import SignInEvent, User
from assignments.services.people import sign_ins
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
    events = SignInEvent.objects.select_related("user")
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
