"""Pages for many leads: choose how, look at the plan, confirm it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import replace_url

from assignments.models import SavedPlan
from assignments.services import access
from assignments.services.bulk import plans
from assignments.services.bulk.revalidation import PlanChanged, changes_since
from assignments.services.errors import AssignmentRefused, Stale
from dashboard.assign.bulk_form import PlanForm
from dashboard.assign.bulk_preview import PlanPreview
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest, render_page
from dashboard.service_errors import refuse

TEMPLATE = "assign/assign.html"


@require_http_methods(["GET", "HEAD", "POST"])
def assign_many(request: PageRequest) -> HttpResponse:
    """Show the form on GET, or the preview of the plan named in `plan`.

    On POST make a plan and show its preview under its own address; the form only, while
    too little is chosen. With `confirm` assign: make the plan's batch and redirect to
    it. Answers 422 if the form is not valid, 409 if refused or changed since, 400 for
    names in the address that are no filter. Raises PermissionDenied unless the viewer
    is a team lead or sales manager, and Http404 for a plan that is not theirs.
    """
    check_right(request)
    if request.method == "POST" and "confirm" in request.POST:
        return _confirm(request)
    if request.method != "POST" and "plan" in request.GET:
        return _page_of_plan(request)
    given = request.POST if request.method == "POST" else request.GET
    form = PlanForm(given, user=request.user)
    if form.strangers:
        return _show(request, form, status=400)
    is_early = not form.is_asked or (request.htmx and form.is_begun)
    if request.method != "POST" or is_early:
        return _show(request, form)
    return _plan(request, form)


def _plan(request: PageRequest, form: PlanForm) -> HttpResponse:
    if not form.judge():
        return _show(request, form, status=422)
    plan = _made(request, form)
    if plan is None:
        return _show(request, form, status=409)
    preview = PlanPreview(plan)
    if not request.htmx:
        return redirect(preview.shown)
    return replace_url(_show(request, form, preview=preview), preview.address)


def _made(request: PageRequest, form: PlanForm) -> SavedPlan | None:
    try:
        return plans.make_plan(
            parts=[form.part],
            actor=request.user,
            at=timezone.now(),
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            wish={
                "query": form.query,
                "strategy": form.cleaned_data["strategy"],
                "subject": form.subject,
            },
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return None


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
        if (preview := PlanPreview(plan)).has_own_page:
            return redirect(f"{preview.address}&again=1")
        return _plan_again(request, QueryDict(plan.wish.get("query", "")))
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _show(
            request, _form_of(request, plan), preview=PlanPreview(plan), status=409
        )
    return redirect("batch", batch.pk)


def _show_changed(
    request: PageRequest, plan: SavedPlan, changed: PlanChanged
) -> HttpResponse:
    """Show the plan with status 409 and without the leads that changed, to be confirmed
    like that. Redirect to the plan's own page if it has one. An error message tells
    of it.
    """
    refuse(request, changed)
    preview = PlanPreview(plan, changes=changed.changes)
    if preview.has_own_page:
        return redirect(preview.address)
    return _show(request, _form_of(request, plan), preview=preview, status=409)


def _plan_again(request: PageRequest, given: QueryDict) -> HttpResponse:
    """Make a new plan from `given` and show it, always with status 409; assign nothing.

    There is no preview if the form is not valid or the plan is refused. Raises
    PermissionDenied for NotAllowed.
    """
    form = PlanForm(given, user=request.user)
    plan = _made(request, form) if form.is_asked and form.judge() else None
    preview = PlanPreview(plan) if plan else None
    return _show(request, form, preview=preview, status=409)


def _page_of_plan(request: PageRequest) -> HttpResponse:
    """Show the plan named in the address; redirect to its batch if it is confirmed,
    else to its own page if it has one (leaving, levelling). Raises Http404 as
    `plan_asked_for` does.
    """
    plan = plan_asked_for(request)
    if plan.batch_id:
        return redirect("batch", plan.batch_id)
    preview = preview_asked_for(request, plan)
    if preview.has_own_page:
        return redirect(preview.address)
    return _show(request, _form_of(request, plan), preview=preview)


def _form_of(request: PageRequest, plan: SavedPlan) -> PlanForm:
    return PlanForm(QueryDict(plan.wish.get("query", "")), user=request.user)


def plan_asked_for(request: PageRequest) -> SavedPlan:
    """Return the plan whose id is `plan` in the address.

    Raises Http404 if there is none, or if another user made it.
    """
    plan = _plan_named(request.GET.get("plan", ""))
    if plan is None or plan.actor_id != request.user.pk:
        raise Http404
    return plan


def preview_asked_for(request: PageRequest, plan: SavedPlan) -> PlanPreview:
    """Return the preview from row `start` of the address on, with the changes since it
    was made. `start` counts from 0, its first nine digits count; missing or no
    number, it is 0.
    """
    start = request.GET.get("start", "")
    place = int(start[:9]) if start.isascii() and start.isdecimal() else 0
    changes = changes_since(plan, at=timezone.now())
    return PlanPreview(plan, start=place, changes=changes)


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
    preview: PlanPreview | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "preview": preview,
        # A link that says all: with scripts its preview is asked for by itself.
        "is_linked": request.method == "GET"
        and preview is None
        and form.is_asked
        and not form.is_begun,
        "next": form.given.get("next", ""),
    }
    return render_page(request, TEMPLATE, context, fragments=("assign",), status=status)
