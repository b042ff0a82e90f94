"""Many leads at once: choose how, look at the plan, confirm it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.models import SavedPlan
from assignments.services import access, plans
from assignments.services.plan_changes import PlanChanged, changes_since
from assignments.services.refusals import AssignmentRefused, Stale
from dashboard.acts import refuse
from dashboard.htmx import PageRequest, render_page
from dashboard.plan_form import PlanForm, id_of
from dashboard.plan_preview import Preview

TEMPLATE = "assign/assign.html"


@require_http_methods(["GET", "HEAD", "POST"])
def assign_many(request: PageRequest) -> HttpResponse:
    check_right(request)
    given = request.POST if request.method == "POST" else request.GET
    if request.method == "POST" and "confirm" in given:
        return _confirm(request)
    if "plan" in given and "start" in given:
        return _page_of_plan(request)
    form = PlanForm(given, user=request.user)
    if form.strangers:
        return _show(request, form, status=400)
    if not form.is_asked or (request.htmx and form.is_begun):
        return _show(request, form)
    return _plan(request, form)


def _plan(request: PageRequest, form: PlanForm, *, status: int = 200) -> HttpResponse:
    if not form.judge():
        return _show(request, form, status=422 if request.method == "POST" else 200)
    try:
        plan = plans.make_plan(
            parts=[form.part],
            actor=request.user,
            at=timezone.now(),
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            wish={"query": form.query, "strategy": form.cleaned_data["strategy"]},
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _show(request, form, status=409)
    return _show(request, form, preview=Preview(plan), status=status)


def _confirm(request: PageRequest) -> HttpResponse:
    plan = _plan_named(request.POST.get("plan", ""))
    if plan is None:
        messages.error(request, "This preview is no longer there. Make it again.")
        return _plan_again(request, QueryDict(request.POST.urlencode()))
    try:
        batch = plans.confirm_plan(
            plan=plan,
            actor=request.user,
            at=timezone.now(),
            seen=request.POST.get("seen", ""),
        )
    except PlanChanged as changed:
        return _show_changed(request, plan, changed)
    except Stale as stale:
        refuse(request, stale)
        if plan.leaver_id:
            piles = reverse("leaving", args=[plan.leaver_id])
            return redirect(f"{piles}?{plan.wish.get('piles', '')}")
        return _plan_again(request, QueryDict(plan.wish.get("query", "")))
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        form = PlanForm(QueryDict(plan.wish.get("query", "")), user=request.user)
        return _show(request, form, preview=Preview(plan), status=409)
    return redirect("batch", batch.pk)


def _show_changed(
    request: PageRequest, plan: SavedPlan, changed: PlanChanged
) -> HttpResponse:
    """The same plan without what would be skipped, to be confirmed like that."""
    refuse(request, changed)
    if plan.leaver_id:
        piles = reverse("leaving", args=[plan.leaver_id])
        return redirect(f"{piles}?plan={plan.pk}")
    form = PlanForm(QueryDict(plan.wish.get("query", "")), user=request.user)
    preview = Preview(plan, changes=changed.changes)
    return _show(request, form, preview=preview, status=409)


def _plan_again(request: PageRequest, given: QueryDict) -> HttpResponse:
    """The same question, answered as things stand now; nothing has been assigned."""
    form = PlanForm(given, user=request.user)
    if form.is_asked and form.judge():
        return _plan(request, form, status=409)
    return _show(request, form, status=409)


def _page_of_plan(request: PageRequest) -> HttpResponse:
    """Further leads of a plan that is being looked at."""
    preview = preview_asked_for(request)
    plan = preview.plan
    form = PlanForm(QueryDict(plan.wish.get("query", "")), user=request.user)
    return _show(request, form, preview=preview)


def preview_asked_for(request: PageRequest) -> Preview:
    """`plan` and `start` of the address, for whoever made that plan."""
    plan = _plan_named(request.GET.get("plan", ""))
    if plan is None or plan.actor_id != request.user.pk or plan.confirmed_at:
        raise Http404
    start = request.GET.get("start", "")
    place = int(start[:9]) if start.isascii() and start.isdecimal() else 0
    changes = changes_since(plan, at=timezone.now())
    return Preview(plan, start=place, changes=changes)


def _plan_named(text: str) -> SavedPlan | None:
    number = id_of(text)
    return None if number is None else SavedPlan.objects.filter(pk=number).first()


def check_right(request: PageRequest) -> None:
    try:
        access.check_assign_many(request.user)
    except AssignmentRefused as refusal:
        refuse(request, refusal)


def _show(
    request: PageRequest,
    form: PlanForm,
    *,
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "preview": preview,
        "next": form.given.get("next", ""),
    }
    return render_page(request, TEMPLATE, context, fragments=("assign",), status=status)
