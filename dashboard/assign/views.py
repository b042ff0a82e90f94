"""Assigning, undoing and retrying of one lead, from its row, its page or a plain form."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from assignments.models import Assignment
from assignments.models.assignment import State
from assignments.services.absences import absences_at
from assignments.services.errors import AssignmentRefused, NeedsConfirmation
from assignments.services.ledger import assign as ledger_assign
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.undo import given_away, undo_assignment, why_not_undo
from assignments.services.routing.suggest_member import take_suggestion
from assignments.services.sight import Sight
from dashboard.assign.forms import AssignForm
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest, back, target
from dashboard.inbox.lead_rows import row_of
from dashboard.lead.given_away import given_away_answer, gone_from_sight
from dashboard.lead.views import get_lead
from dashboard.service_errors import refuse

Act = Callable[[Assignment, PageRequest, datetime], Assignment | None]


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: PageRequest, map_id: int) -> HttpResponse:
    lead = get_lead(map_id, request.user)
    if request.method != "POST":
        return _picker(request, AssignForm(user=request.user, lead=lead))
    form = AssignForm(request.POST, user=request.user, lead=lead)
    if not form.is_valid():
        return _picker(request, form, status=422)
    try:
        change = _assign(request, form)
    except AssignmentRefused as refusal:
        return _refused(request, refusal, map_id)
    return _accepted(request, change)


def _assign(request: PageRequest, form: AssignForm) -> Assignment:
    """Give the lead to the member of a valid form; with the reason of the suggestion,
    if it was that one.
    """
    reason = form.suggested_reason
    give = partial(take_suggestion, reason=reason) if reason else assign_lead
    return give(
        lead=form.lead,
        to=form.cleaned_data["member"],
        actor=request.user,
        at=timezone.now(),
        expected=form.shown_holder,
        note=form.cleaned_data["note"],
        until=form.wanted_until,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: PageRequest, pk: int) -> HttpResponse:
    """Show the question on GET; on POST undo the change and answer as `_answer` does.

    If the lead would go to somebody who is away, redirect to the question first. Other
    refusals answer 409. Raises Http404 if there is no such change, and
    PermissionDenied.
    """
    if request.method != "POST":
        return _ask_undo(request, _change(request, pk))
    try:
        return _act(request, pk, _undo)
    except NeedsConfirmation:
        question = reverse("undo", args=[pk])
        query = urlencode({"next": request.POST.get("next", "")})
        return redirect(f"{question}?{query}")


def _ask_undo(request: PageRequest, change: Assignment) -> HttpResponse:
    before = change.expected
    context = {
        "change": change,
        "absence": before and absences_at(timezone.now()).get(before.pk),
        "why_not": why_not_undo(change, request.user),
        "here": request.GET.get("next", ""),
    }
    return render(request, "assign/undo.html", context)


@require_POST
def retry(request: PageRequest, pk: int) -> HttpResponse:
    return _act(request, pk, _retry)


@require_POST
def dismiss(request: PageRequest, pk: int) -> HttpResponse:
    return _act(request, pk, _dismiss)


def _undo(change: Assignment, request: PageRequest, at: datetime) -> Assignment:
    said = map(id_of, request.POST.getlist("although_away"))
    return undo_assignment(
        assignment=change,
        actor=request.user,
        at=at,
        although_away=[pk for pk in said if pk is not None],
    )


def _retry(change: Assignment, request: PageRequest, at: datetime) -> Assignment:
    return ledger_assign.retry_assignment(assignment=change, actor=request.user, at=at)


def _dismiss(change: Assignment, request: PageRequest, at: datetime) -> None:
    ledger_assign.dismiss_assignment(assignment=change, actor=request.user, at=at)


def _act(request: PageRequest, pk: int, act: Act) -> HttpResponse:
    change = _change(request, pk)
    try:
        done = act(change, request, timezone.now())
    except NeedsConfirmation:
        raise
    except AssignmentRefused as refusal:
        return _refused(request, refusal, change.lead_id)
    if done is None:
        return _answer(request, change.lead_id)
    return _accepted(request, done)


def _change(request: PageRequest, pk: int) -> Assignment:
    """Return the change of a lead that the viewer sees, or has given away by it.

    Raises Http404 if there is none.
    """
    known = Assignment.objects.select_related("lead__owner", "to", "expected", "actor")
    change = get_object_or_404(known, pk=pk)
    if Sight.of(request.user).sees(change.lead_id):
        return change
    given = given_away(request.user, change.lead_id)
    if given is None or given.pk != pk:
        raise Http404
    return change


def _accepted(request: PageRequest, change: Assignment) -> HttpResponse:
    if change.state in {State.SKIPPED, State.CANCELLED}:
        messages.info(request, change.outcome)
    elif not request.htmx:
        messages.info(request, f"{change.lead} is on its way to {change.to}.")
    return _answer(request, change.lead_id)


def _refused(
    request: PageRequest, refusal: AssignmentRefused, map_id: int
) -> HttpResponse:
    refuse(request, refusal)
    if request.htmx:
        return _answer(request, map_id, status=409)
    return _picker(
        request,
        AssignForm(user=request.user, lead=get_lead(map_id, request.user)),
        status=409,
    )


def _answer(request: PageRequest, map_id: int, *, status: int = 200) -> HttpResponse:
    """Return the lead's part with its owner if that is the target of htmx, else its row
    in the list, with this status. In the browser, `lead-changed` or `row-changed` is
    triggered. Without htmx redirect to the form's `next`, or to the lead's page.
    """
    if not request.htmx:
        return back(request, "lead", map_id)
    at = timezone.now()
    if (change := gone_from_sight(request, map_id)) is not None:
        return given_away_answer(request, change, at=at, status=status)
    lead = get_lead(map_id, request.user)
    row = row_of(lead, viewer=request.user, at=at)
    context: dict[str, Any] = {"row": row, "lead": lead}
    is_owner = target(request) == f"owner-{map_id}"
    template = "lead/_owner.html" if is_owner else "inbox/_row.html"
    response = render(request, template, context, status=status)
    # A lead may be on the screen twice: in its row and in the panel.
    event = "lead-changed" if is_owner else "row-changed"
    return trigger_client_event(response, event, {"lead": map_id})


def _picker(
    request: PageRequest, form: AssignForm, *, status: int = 200
) -> HttpResponse:
    row = row_of(form.lead, viewer=request.user, at=timezone.now())
    form.holder_id = int(row.expected) if row.expected else None
    here = request.POST.get("next") or request.GET.get("next") or ""
    is_owner = "owner" in {target(request).partition("-")[0], request.GET.get("part")}
    context = {
        "row": row,
        "lead": form.lead,
        "form": form,
        "next": here,
        "part": "owner" if is_owner else "lead",
    }
    if not request.htmx:
        return render(request, "lead/assign.html", context, status=status)
    response = render(request, "lead/_picker.html", context, status=status)
    response["HX-Reswap"] = "innerHTML"
    if request.method == "POST":
        # A link names the picker itself: its row may be gone when the answer comes.
        response["HX-Retarget"] = "#picker"
    return response
