"""The page of a batch: its progress, its rows, and what can be done about it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from assignments.models import Batch, Lead, SavedPlan, User
from assignments.models.assignment import State
from assignments.services.bulk import batch_actions
from assignments.services.bulk import undo as bulk_undo
from assignments.services.bulk.open_leads import is_open
from assignments.services.errors import AssignmentRefused
from assignments.services.sight import Sight, visible_leads
from dashboard.assign.batch_progress import (
    BatchProgress,
    outcomes_of,
    rows_of,
    undo_sentences,
    visible_batches,
)
from dashboard.assign.bulk_form import PlanForm
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest, render_page
from dashboard.inbox.filter_chips import chips_of
from dashboard.pagination import BadCursor, Cursor, Order, page_of
from dashboard.service_errors import refuse

TEMPLATE = "assign/batch.html"
NEWEST_FIRST = Order(first="created_at", key="pk", descending=True)
ROWS = 50
MOST_LISTED = 100  # of the leads that an undo leaves alone


@require_safe
def batches(request: PageRequest) -> HttpResponse:
    after = request.GET.get("after", "")
    known = visible_batches(request.user).select_related("actor", "reverses")
    try:
        cursor = Cursor.decoded(after, "batches") if after else None
    except BadCursor as bad:
        context: dict[str, Any] = {"problem": str(bad)}
        return render(request, "assign/batches.html", context, status=400)
    page = page_of(known, order=NEWEST_FIRST, after=cursor)
    context = {
        "batches": _with_outcomes(page.rows, request.user),
        "earlier": page.earlier and page.earlier.encoded("batches"),
        "later": page.later and page.later.encoded("batches"),
    }
    return render(request, "assign/batches.html", context)


def _with_outcomes(rows: list[Batch], viewer: User) -> list[dict[str, Any]]:
    sight = Sight.of(viewer)
    counts = outcomes_of(rows, sight)
    plans = SavedPlan.objects.filter(batch__in=rows)
    if not sight.sees_all:  # what is not written yet is theirs, or it is not counted
        plans = plans.filter(batch__actor=viewer)
    unwritten = dict(plans.values_list("batch", F("total") - F("written")))
    return [
        {
            "batch": batch,
            "counts": counts.get(batch.pk, {}),
            "total": sum(counts.get(batch.pk, {}).values())
            + unwritten.get(batch.pk, 0),
            "unwritten": unwritten.get(batch.pk, 0),
        }
        for batch in rows
    ]


@require_safe
def batch_page(request: PageRequest, pk: int) -> HttpResponse:
    return _batch(request, _get(request, pk))


def _batch(request: PageRequest, batch: Batch, *, status: int = 200) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in State.values else ""
    pages = Paginator(rows_of(batch, state, Sight.of(request.user)), ROWS)
    progress = BatchProgress(batch, at=timezone.now(), viewer=request.user)
    context = {
        "batch": batch,
        "progress": progress,
        "plan": progress.plan,
        "state": state,
        "page": pages.get_page(request.GET.get("page")),
        "chips": _chips(progress.plan, request),
        "left_open": _left_open(progress.plan, request.user),
    }
    return render_page(request, TEMPLATE, context, fragments=("batch",), status=status)


def _left_open(plan: SavedPlan | None, viewer: User) -> int:
    """Return how many open leads the member who leaves still owns; 0 for other plans."""
    if plan is None or plan.leaver is None:
        return 0
    return visible_leads(viewer).filter(is_open(), owner=plan.leaver).count()


def _chips(plan: SavedPlan | None, request: PageRequest) -> list[str]:
    """Return the filter that chose the leads in words, one text each; `All leads` for
    an empty one. The list is empty without a plan, for leads named one by one, and
    if the filter is not valid any more.
    """
    if plan is None or "query" not in plan.wish:
        return []
    form = PlanForm(QueryDict(plan.wish["query"]), user=request.user)
    if form.filter is None or not form.filter.is_valid():
        return []
    return [chip.words for chip in chips_of(form.filter)] or ["All leads"]


@require_POST
def pause(request: PageRequest, pk: int) -> HttpResponse:
    return _act(request, pk, batch_actions.pause_batch, at=timezone.now())


@require_POST
def resume(request: PageRequest, pk: int) -> HttpResponse:
    return _act(request, pk, batch_actions.resume_batch)


@require_POST
def cancel(request: PageRequest, pk: int) -> HttpResponse:
    return _act(request, pk, batch_actions.cancel_batch, at=timezone.now())


@require_POST
def retry(request: PageRequest, pk: int) -> HttpResponse:
    return _act(request, pk, batch_actions.retry_refused, at=timezone.now())


def _act(
    request: PageRequest, pk: int, act: Callable[..., object], **said: datetime
) -> HttpResponse:
    """Call `act` for the batch; redirect to the batch that it returns, or else to this
    one. A refusal answers 409 with this batch's page and a message. Raises Http404
    if there is no such batch, and PermissionDenied for NotAllowed.
    """
    batch = _get(request, pk)
    try:
        done = act(batch=batch, actor=request.user, **said)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _batch(request, batch, status=409)
    return redirect("batch", done.pk if isinstance(done, Batch) else pk)


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: PageRequest, pk: int) -> HttpResponse:
    """Show on GET what can go back; on POST undo the batch and redirect to the one that
    does it. If only unsent rows were cancelled, that is this batch itself, with a
    message. A refusal answers 409. Raises Http404 if there is no such batch, and
    PermissionDenied.
    """
    batch = _get(request, pk)
    if request.method != "POST":
        return _ask_undo(request, batch)
    try:
        made = bulk_undo.undo_batch(
            batch=batch,
            actor=request.user,
            at=timezone.now(),
            although_away=_warned_of(request),
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _ask_undo(request, batch, status=409)
    if made == batch:
        messages.info(request, "What had not been sent is cancelled. No call was made.")
    return redirect("batch", made.pk)


def _warned_of(request: PageRequest) -> list[int]:
    """Return the posted `although_away`: ids of members of whose absence the page has
    told. Texts that are no id are left out.
    """
    said = request.POST.getlist("although_away")
    return [pk for pk in map(id_of, said) if pk is not None]


def _ask_undo(request: PageRequest, batch: Batch, *, status: int = 200) -> HttpResponse:
    try:
        found = bulk_undo.preview_undo(
            batch=batch, actor=request.user, at=timezone.now()
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _batch(request, batch, status=409)
    context = {
        "batch": batch,
        "undo": found,
        "changed": _with_leads(found.changed, request.user),
        "nobodys": _with_leads(found.nobodys, request.user),
        "sentences": undo_sentences(found),
    }
    return render(request, "assign/undo_batch.html", context, status=status)


def _with_leads(left: list[bulk_undo.KeptRow], viewer: User) -> list[tuple[Lead, str]]:
    """Return the first MOST_LISTED of the leads that stay, in their order, each with
    the reason; those that the viewer does not see are left out.
    """
    some = left[:MOST_LISTED]
    known = visible_leads(viewer).in_bulk([one.row.lead_id for one in some])
    return [
        (known[one.row.lead_id], one.why) for one in some if one.row.lead_id in known
    ]


def _get(request: PageRequest, pk: int) -> Batch:
    known = visible_batches(request.user).select_related("actor", "reverses")
    return get_object_or_404(known, pk=pk)
