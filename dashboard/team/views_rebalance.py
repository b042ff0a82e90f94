"""The page of levelling: choose who takes part, look at the plan, confirm."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.models.assignment import Cause
from assignments.services.bulk import rebalance as bulk_rebalance
from assignments.services.bulk.rebalance import RebalanceTarget
from assignments.services.errors import AssignmentRefused
from dashboard.assign.bulk_preview import PlanPreview
from dashboard.assign.views_bulk import check_right, plan_asked_for, preview_asked_for
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.rebalance_form import RebalanceForm

TEMPLATE = "team/rebalance.html"


@require_http_methods(["GET", "HEAD", "POST"])
def rebalance(request: PageRequest) -> HttpResponse:
    check_right(request)
    if request.method == "POST":
        return _plan(request, RebalanceForm(request.POST, user=request.user))
    if "plan" in request.GET:
        return _page_of_plan(request)
    form = RebalanceForm(request.GET, user=request.user)
    return _show(request, form, status=200 if form.is_valid() else 400)


def _plan(request: PageRequest, form: RebalanceForm) -> HttpResponse:
    if not form.judge():
        return _show(request, form, status=422)
    at, with_live = timezone.now(), form.with_live
    shares = bulk_rebalance.rebalance_targets(
        members=form.members, actor=request.user, at=at, with_live=with_live
    )
    if not any(share.change for share in shares):
        return _show(request, form, shares=shares)
    try:
        plan = bulk_rebalance.plan_rebalance(
            shares=shares,
            actor=request.user,
            at=at,
            with_live=with_live,
            query=form.query,
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _show(request, form, shares=shares, status=409)
    return redirect(PlanPreview(plan).shown)


def _page_of_plan(request: PageRequest) -> HttpResponse:
    plan = plan_asked_for(request)
    if plan.batch_id:
        return redirect("batch", plan.batch_id)
    if plan.cause != Cause.REBALANCE:
        raise Http404
    form = RebalanceForm(QueryDict(plan.wish["rebalance"]), user=request.user)
    if "again" in request.GET:
        return _show(request, form)
    shares = bulk_rebalance.saved_targets(plan)
    return _show(request, form, shares=shares, preview=preview_asked_for(request, plan))


def _show(
    request: PageRequest,
    form: RebalanceForm,
    *,
    shares: Sequence[RebalanceTarget] = (),
    preview: PlanPreview | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "shares": shares,
        "preview": preview,
        "next": request.path,
    }
    return render(request, TEMPLATE, context, status=status)
