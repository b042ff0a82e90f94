"""The page for somebody who leaves: all their leads in one preview, then the end."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import Member
from assignments.services.bulk import plans
from assignments.services.errors import AssignmentRefused
from assignments.services.people import deactivation, members
from assignments.services.sight import Sight
from dashboard.accounts.return_address import page_at
from dashboard.assign.bulk_preview import PlanPreview
from dashboard.assign.views_bulk import check_right, plan_asked_for, preview_asked_for
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.coverage_commitments import ties_of
from dashboard.team.offboarding_form import OffboardingForm
from dashboard.team.routing_places import routing_places_of

TEMPLATE = "team/leaving.html"


@require_http_methods(["GET", "HEAD", "POST"])
def leaving(request: PageRequest, pk: int) -> HttpResponse:
    check_right(request)
    member = get_object_or_404(Member.objects.select_related("team"), pk=pk)
    if request.method != "POST":
        form = OffboardingForm(request.GET, member=member, user=request.user)
        if "plan" not in request.GET:
            return _show(request, form)
        return _page_of_plan(request, member)
    if "regroup" in request.POST:
        form = OffboardingForm.regrouped(request.POST, member=member, user=request.user)
        return _show(request, form)
    return _plan(
        request, OffboardingForm(request.POST, member=member, user=request.user)
    )


def _plan(request: PageRequest, form: OffboardingForm) -> HttpResponse:
    if not form.is_valid:
        messages.error(request, form.problem)
        return _show(request, form, status=422)
    try:
        plan = plans.make_plan(
            parts=form.parts,
            actor=request.user,
            at=timezone.now(),
            reason=f"{form.member} is leaving.",
            note=form.note,
            wish={"piles": form.query},
            leaver=form.member,
            deactivates_leaver=form.deactivates,
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _show(request, form, status=409)
    return redirect(PlanPreview(plan).shown)


def _page_of_plan(request: PageRequest, member: Member) -> HttpResponse:
    plan = plan_asked_for(request)
    if plan.batch_id:
        return redirect("batch", plan.batch_id)
    if plan.leaver_id != member.pk:
        raise Http404
    said = QueryDict(plan.wish.get("piles", ""))
    form = OffboardingForm(said, member=member, user=request.user)
    if "again" in request.GET:
        return _show(request, form)
    return _show(request, form, preview=preview_asked_for(request, plan))


def _show(
    request: PageRequest,
    form: OffboardingForm,
    *,
    preview: PlanPreview | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "member": form.member,
        "ties": ties_of(form.member, Sight.of(request.user)),
        "places": routing_places_of(form.member),
        "preview": preview,
        "next": request.path,
    }
    return render(request, TEMPLATE, context, status=status)


@require_POST
def deactivate(request: PageRequest, pk: int) -> HttpResponse:
    def act(member: Member) -> str:
        ended = members.deactivate_member(
            actor=request.user, member=member, at=timezone.now()
        )
        sentence = f"{member} is deactivated and gets no more leads."
        if ended is None:
            return sentence
        words = deactivation.ended_in_words(ended)
        return f"{sentence} Their login is shut{f': {words} ended' if words else ''}."

    return _switch(request, pk, act)


@require_POST
def activate(request: PageRequest, pk: int) -> HttpResponse:
    def act(member: Member) -> str:
        members.activate_member(actor=request.user, member=member)
        sentence = f"{member} is active again and can get leads."
        if member.user is None or member.user.is_active:
            return sentence
        return f"{sentence} Their login stays shut: allow it again under Logins."

    return _switch(request, pk, act)


def _switch(
    request: PageRequest, pk: int, act: Callable[[Member], str]
) -> HttpResponse:
    """Call `act` for the member, say what it returns, and go back to `next`, else to
    the member's page. Raises Http404, and PermissionDenied for NotAllowed.
    """
    member = get_object_or_404(Member.objects.select_related("user"), pk=pk)
    try:
        sentence = act(member)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, sentence)
    return redirect(
        page_at(request, request.POST.get("next", "")) or reverse("member", args=[pk])
    )
