"""Pages of SLA targets, working hours and days off."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import DayOff, SlaTarget
from assignments.services import access
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.sla import hours as hours_service
from assignments.services.sla import targets as targets_service
from assignments.services.sla.days_off import DaysOff
from assignments.services.sla.policy import default_hours, week_from_lists
from dashboard.configuration.sla_forms import DayOffForm, DefaultHoursForm, TargetForm
from dashboard.configuration.sla_labels import coming_words, week_words
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

ACT = "change how soon a reply must be answered"
SAVED = "Saved. Open answers have their new moment."


@require_http_methods(["GET", "HEAD", "POST"])
def new_target(request: PageRequest) -> HttpResponse:
    check_manager(request, ACT)
    return _target(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def target_page(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, ACT)
    known = SlaTarget.objects.select_related("campaign", "category")
    return _target(request, get_object_or_404(known, pk=pk))


@require_POST
def remove_target(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, ACT)
    target = get_object_or_404(SlaTarget, pk=pk)
    targets_service.remove_target(actor=request.user, target=target)
    messages.success(request, "The target is removed.")
    return redirect("settings")


def _target(request: PageRequest, target: SlaTarget | None) -> HttpResponse:
    form = TargetForm.of(target, request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            targets_service.save_target(actor=request.user, target=target, **form.wish)
        except AssignmentRefused as refusal:
            refuse(request, refusal)
            status = 409
        else:
            messages.success(request, SAVED)
            return redirect("settings")
    context = {"form": form, "target": target}
    return render(request, "configuration/target.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def default_hours_page(request: PageRequest) -> HttpResponse:
    """Show everybody's working hours, or save them (POST) and show them again by a
    redirect. Team leads and sales managers read them, sales managers save them;
    PermissionDenied is raised for others. A wrong form is shown with status 422, a
    refused one with 409.
    """
    if request.method != "POST":
        check_reader(request)
        return _hours(request, DefaultHoursForm.of(default_hours()))
    check_manager(request, "change the working hours")
    form = DefaultHoursForm.of(default_hours(), request.POST)
    if not form.is_valid():
        return _hours(request, form, status=422)
    said = form.cleaned_data
    names = ("country", "subdivision", "escalate_after")
    wish = {name: said[name] for name in names}
    try:
        hours_service.set_hours(actor=request.user, week=form.week, **wish)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _hours(request, form, status=409)
    messages.success(request, SAVED)
    return redirect("default_hours")


@require_POST
def add_day_off(request: PageRequest) -> HttpResponse:
    check_manager(request, "change the days off")
    form = DayOffForm(request.POST)
    week = DefaultHoursForm.of(default_hours())
    if not form.is_valid():
        return _hours(request, week, form, status=422)
    try:
        hours_service.add_day_off(actor=request.user, **form.cleaned_data)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _hours(request, week, form, status=409)
    messages.success(request, SAVED)
    return redirect("default_hours")


@require_POST
def remove_day_off(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "change the days off")
    day_off = get_object_or_404(DayOff, pk=pk)
    hours_service.remove_day_off(actor=request.user, day_off=day_off)
    messages.success(request, SAVED)
    return redirect("default_hours")


def check_reader(request: PageRequest) -> None:
    """Raise PermissionDenied unless the viewer leads a team or is a sales manager."""
    if access.role_of(request.user) == access.Role.MEMBER:
        why = "Only team leads and sales managers can look at the targets."
        refuse(request, NotAllowed(why))


def _hours(
    request: PageRequest,
    form: DefaultHoursForm,
    day_form: DayOffForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    hours = default_hours()
    off = DaysOff(hours.country, hours.subdivision)
    context: dict[str, Any] = {
        "hours": week_words(week_from_lists(hours.week)),
        "holidays": coming_words(off, timezone.localdate()),
        "form": form,
        "day_form": day_form or DayOffForm(),
        "days_off": DayOff.objects.all(),
    }
    return render(request, "configuration/hours.html", context, status=status)
