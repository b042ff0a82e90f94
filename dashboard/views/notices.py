"""The quiet place for what somebody should know and did not wait for."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments.services import notices
from dashboard.htmx import PageRequest
from dashboard.rights import Rights

MOST = 100


@require_safe
def notifications(request: PageRequest) -> HttpResponse:
    waiting = notices.unanswered(request.user)
    shown = waiting.select_related("lead__owner", "to", "found", "batch")[:MOST]
    rights = Rights.of(request.user)
    context = {
        "notices": [(change, rights.may_move(change.lead)) for change in shown],
        "total": waiting.count(),
        "most": MOST,
    }
    return render(request, "notices/notices.html", context)


@require_POST
def dismiss_all(request: PageRequest) -> HttpResponse:
    count = notices.dismiss_all(user=request.user, at=timezone.now())
    messages.success(request, f"{count} dismissed. The history keeps them.")
    return redirect("notifications")
