"""The first steps of an empty installation, ticked by facts."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments.services.operations import onboarding
from assignments.services.people import preferences
from dashboard.htmx import PageRequest, render_page
from dashboard.team.views_members import check_manager

ACT = "set Handoff up"


@require_safe
def start(request: PageRequest) -> HttpResponse:
    check_manager(request, ACT)
    context = {"steps": onboarding.first_steps(at=timezone.now())}
    return render_page(request, "system/onboarding.html", context, fragments=("steps",))


@require_POST
def confirm_categories(request: PageRequest) -> HttpResponse:
    check_manager(request, ACT)
    preferences.confirm_categories(actor=request.user, at=timezone.now())
    return redirect("start")


@require_POST
def put_away(request: PageRequest) -> HttpResponse:
    check_manager(request, ACT)
    onboarding.dismiss_first_steps(actor=request.user, at=timezone.now())
    messages.success(
        request, "The first steps are hidden. System shows how everything is."
    )
    return redirect("inbox")
