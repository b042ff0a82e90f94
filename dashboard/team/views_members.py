"""Pages of members: who can own leads, with their load."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.models import Coverage, Member
from assignments.services.absences import absences_at
from assignments.services.access import require_manager
from assignments.services.bulk.open_leads import is_open
from assignments.services.errors import AssignmentRefused
from assignments.services.insights.definitions import BY_KEY
from assignments.services.people import members
from assignments.services.sight import Sight, visible_leads
from dashboard.htmx import PageRequest
from dashboard.performance.member_metrics import member_figures
from dashboard.performance.periods import PeriodForm
from dashboard.service_errors import refuse
from dashboard.team.member_forms import MemberForm, NewMemberForm


@require_http_methods(["GET", "HEAD", "POST"])
def add_member(request: PageRequest) -> HttpResponse:
    check_manager(request, "add members")
    form = NewMemberForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            member = members.add_member(actor=request.user, **form.cleaned_data)
        except AssignmentRefused as refusal:
            refuse(request, refusal)
            status = 409
        else:
            messages.success(request, f"{member} is added.")
            return redirect("team")
    return render(request, "team/add.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def member_page(request: PageRequest, pk: int) -> HttpResponse:
    known = Member.objects.select_related("team", "user")
    member = get_object_or_404(known, pk=pk)
    if request.method != "POST":
        return _member(request, member, MemberForm(instance=member))
    check_manager(request, "change members")
    form = MemberForm(request.POST, instance=Member.objects.get(pk=pk))
    if not form.is_valid():
        return _member(request, member, form, status=422)
    try:
        members.edit_member(actor=request.user, member=member, **form.cleaned_data)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _member(request, member, form, status=409)
    messages.success(request, f"{member} is saved.")
    return redirect("member", pk)


def _member(
    request: PageRequest, member: Member, form: MemberForm, *, status: int = 200
) -> HttpResponse:
    at = timezone.now()
    ahead = Coverage.objects.agreed().filter(member=member, ends_at__gt=at)
    period = PeriodForm(request.GET)
    sight = Sight.of(request.user)
    sees_leads = sight.sees_leads_of(member.pk)
    figures: dict[str, Any] = {}
    if period.is_valid():
        figures = {"days": period.days, "period_query": period.query(team="", sort="")}
        if sees_leads:
            figures = member_figures(member, period, at=at, sight=sight)
    owned = visible_leads(request.user).filter(owner=member)
    context = {
        **figures,
        "period": period,
        "sees_leads": sees_leads,
        "definitions": BY_KEY,
        "member": member,
        "open": owned.filter(is_open()).count(),
        "form": form,
        "absences": ahead.order_by("starts_at")[:5],
        "absence": absences_at(at).get(member.pk),
    }
    if not period.is_valid():
        status = 400
    return render(request, "team/member.html", context, status=status)


def check_manager(request: PageRequest, act: str) -> None:
    """Raise PermissionDenied unless the viewer is a sales manager.

    `act` ends the sentence: "Only a sales manager can …".
    """
    try:
        require_manager(request.user, act)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
