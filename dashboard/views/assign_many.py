"""Several leads to one member: who gets them is asked first, naming their number."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from assignments.services.batches import apply_plan
from assignments.services.planning import plan_for_one_member
from assignments.services.refusals import AssignmentRefused
from dashboard.acts import refuse
from dashboard.htmx import PageRequest, back
from dashboard.selection import AssignManyForm, outcome_of


@require_http_methods(["GET", "HEAD", "POST"])
def assign_many(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _ask(
            request,
            AssignManyForm(user=request.user, wanted=request.GET.getlist("lead")),
        )
    form = AssignManyForm(
        request.POST, user=request.user, wanted=request.POST.getlist("lead")
    )
    if not form.is_valid():
        return _ask(request, form, status=422)
    to = form.cleaned_data["member"]
    plan = plan_for_one_member(form.leads, to, reason=form.why)
    try:
        batch = apply_plan(plan, actor=request.user, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _ask(request, form, status=409)
    messages.info(request, outcome_of(batch, to))
    if not request.htmx:
        return back(request, "inbox")
    return trigger_client_event(HttpResponse(), "rows-changed")


def _ask(
    request: PageRequest, form: AssignManyForm, *, status: int = 200
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    context = {"form": form, "next": given.get("next", "")}
    if not request.htmx:
        return render(request, "lead/assign_many.html", context, status=status)
    response = render(request, "lead/_assign_many.html", context, status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#picker", "innerHTML"
    return response
