"""The review: what needs a person, and suggestions of routing rules that wait."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from assignments.models import Suggestion, User
from assignments.services.errors import AssignmentRefused
from assignments.services.insights import review as services_review
from assignments.services.insights.review import accept_drift
from assignments.services.routing import suggestions as services
from assignments.services.sight import Sight, visible_leads
from dashboard.assign.views_bulk import check_right
from dashboard.htmx import PageRequest, back, target
from dashboard.inbox.answer_filter import unanswered_before
from dashboard.inbox.lead_rows import row_of
from dashboard.inbox.sidebar import to_review
from dashboard.lead.given_away import given_away_answer, gone_from_sight
from dashboard.lead.views import get_lead
from dashboard.review.sections import DaysForm, piles_of
from dashboard.service_errors import refuse

SHOWN = 50
TOLD = 3

type Act = Callable[[Suggestion, User, datetime], object]


@require_safe
def review(request: PageRequest) -> HttpResponse:
    return _page(request)


def _page(request: PageRequest, *, status: int = 200) -> HttpResponse:
    check_right(request)
    form = DaysForm(request.GET)
    if not form.is_valid():
        status = 400
    known = services.open_suggestions_for(request.user).select_related(
        "lead__campaign", "lead__category", "member", "owner", "rule"
    )
    pages = Paginator(known.order_by("-pk"), SHOWN)
    at = timezone.now()
    piles = piles_of(request.user, at=at, days=form.wanted)
    mine = visible_leads(request.user).filter(services_review.movable_by(request.user))
    context = {
        "before": unanswered_before({"mine": "yes"}, mine),
        "total": to_review(request.user, at=at),
        "form": form,
        "piles": piles,
        "empty": [
            pile.section.label.lower()
            for pile in piles
            if not pile.count and not pile.is_untouched
        ],
        "page": pages.get_page(request.GET.get("page")),
    }
    return render(request, "review/review.html", context, status=status)


@require_POST
def accept_change(request: PageRequest, map_id: int) -> HttpResponse:
    """Accept a change of owner made in Smartlead: the lead stays where it is.

    Redirects to `next` of the form, else to the review. If refused, the review is shown
    with status 409. Raises Http404 for an unknown lead, and PermissionDenied if the
    service says NotAllowed.
    """
    lead = get_lead(map_id, request.user)
    try:
        accept_drift(lead=lead, actor=request.user, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, status=409)
    holder = lead.owner or "nobody"
    messages.success(request, f"{lead} stays with {holder}.")
    return back(request, "review")


@require_POST
def accept_shown(request: PageRequest) -> HttpResponse:
    check_right(request)
    asked = request.POST.getlist("suggestion")[:SHOWN]
    ids = [int(pk) for pk in asked if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    seen = _seen_suggestions(request.user)
    shown = list(seen.filter(pk__in=ids).select_related("lead"))
    if not shown:
        messages.error(
            request, "These suggestions are gone: they were answered or withdrawn."
        )
        return _page(request, status=409)
    count, problems = services.accept_suggestions(
        suggestions=shown, actor=request.user, at=timezone.now()
    )
    if count:
        is_one = count == 1
        messages.success(
            request, f"{count} lead{' is' if is_one else 's are'} on the way."
        )
    for problem in problems[:TOLD]:
        messages.error(request, problem)
    if len(problems) > TOLD:
        more = len(problems) - TOLD
        messages.error(request, f"{more} more could not be accepted.")
    return redirect("review")


@require_POST
def accept(request: PageRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, _accept)


@require_POST
def dismiss(request: PageRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, _dismiss)


def _seen_suggestions(user: User) -> QuerySet[Suggestion]:
    return Suggestion.objects.filter(Sight.of(user).leads("lead__"))


def _accept(one: Suggestion, actor: User, at: datetime) -> None:
    services.accept_suggestion(suggestion=one, actor=actor, at=at)


def _dismiss(one: Suggestion, actor: User, at: datetime) -> None:
    services.dismiss_suggestion(suggestion=one, actor=actor, at=at)


def _decide(request: PageRequest, pk: int, act: Act) -> HttpResponse:
    known = _seen_suggestions(request.user).select_related("lead", "member")
    one = get_object_or_404(known, pk=pk)
    status = 200
    try:
        act(one, request.user, timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        status = 409
    if not request.htmx:
        return back(request, "lead", one.lead_id)
    return _answer(request, one.lead_id, status)


def _answer(request: PageRequest, map_id: int, status: int) -> HttpResponse:
    """Return the part of the page that showed the suggestion, as it is now, with this
    status. That is the owner of a lead's page if htmx replaces it, with the client
    event `lead-changed`; else the row of the inbox, with `row-changed`.
    """
    at = timezone.now()
    if (change := gone_from_sight(request, map_id)) is not None:
        return given_away_answer(request, change, at=at, status=status)
    lead = get_lead(map_id, request.user)
    context = {
        "row": row_of(lead, viewer=request.user, at=at),
        "lead": lead,
    }
    is_owner = target(request) == f"owner-{map_id}"
    template = "lead/_owner.html" if is_owner else "inbox/_row.html"
    response = render(request, template, context, status=status)
    event = "lead-changed" if is_owner else "row-changed"
    return trigger_client_event(response, event, {"lead": map_id})
