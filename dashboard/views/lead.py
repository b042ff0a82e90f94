from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from assignments.models import Account, Lead
from assignments.nudges import nudge_open_lead
from assignments.services import account
from dashboard.conversation import conversation_of, notes_of
from dashboard.htmx import PageRequest, render_page, target
from dashboard.rows import row_of

TEMPLATE = "lead/lead.html"
PATIENCE = timedelta(minutes=1)  # how long a page waits for Smartlead's conversation
MOST_CHANGES = 50
FRAGMENTS = ("panel", "thread", "timeline")


@require_safe
def lead_page(request: PageRequest, map_id: int) -> HttpResponse:
    lead = get_lead(map_id)
    at = timezone.now()
    if target(request) in {"", "panel"} and _wants_thread(lead):
        nudge_open_lead(map_id)
    context = {
        "row": row_of(lead, viewer=request.user, at=at),
        "lead": lead,
        "here": reverse("lead", args=[map_id]),
    }
    if target(request) == f"owner-{map_id}":
        return _owner(request, context)
    context |= {**_thread(request, lead, at), **_timeline(lead)}
    return render_page(request, TEMPLATE, context, fragments=FRAGMENTS)


def _owner(request: PageRequest, context: dict[str, Any]) -> HttpResponse:
    """Once it has settled, the rest of the page is told to follow."""
    response = render(request, "lead/_owner.html", context)
    if context["row"].is_polled:
        return response
    return trigger_client_event(response, "lead-changed", {"lead": context["lead"].pk})


@require_safe
def lead_row(request: PageRequest, map_id: int) -> HttpResponse:
    """The row as it is now, for the row that waits for its change to settle."""
    row = row_of(get_lead(map_id), viewer=request.user, at=timezone.now())
    return render(request, "inbox/_row.html", {"row": row})


def get_lead(map_id: int) -> Lead:
    known = Lead.objects.select_related("owner__team", "campaign", "category")
    return get_object_or_404(known, pk=map_id)


def _wants_thread(lead: Lead) -> bool:
    """Whether Smartlead has a newer conversation than what is kept here."""
    if lead.gone_at:
        return False
    newest = max(filter(None, (lead.last_reply_at, lead.last_sent_at)), default=None)
    return lead.thread_at is None or (newest is not None and lead.thread_at < newest)


def _thread(request: PageRequest, lead: Lead, at: datetime) -> dict[str, Any]:
    asked_at = _asked_at(request, at)
    known = account.current()
    missing = _wants_thread(lead)
    return {
        "messages_of_lead": conversation_of(lead),
        "notes": notes_of(lead),
        "asked_at": asked_at,
        "thread_is_missing": missing,
        "thread_is_awaited": missing
        and not _cannot_ask(known)
        and at - asked_at < PATIENCE,
        "outage": known.outage_sentence if known.outage_since else "",
    }


def _asked_at(request: PageRequest, at: datetime) -> datetime:
    try:
        asked = datetime.fromisoformat(request.GET.get("asked", ""))
    except ValueError:
        return at
    return asked if timezone.is_aware(asked) else at


def _cannot_ask(known: Account) -> bool:
    return known.outage_since is not None or bool(account.binding_problem(known))


def _timeline(lead: Lead) -> dict[str, Any]:
    changes = lead.assignments.select_related("expected", "to", "actor", "found")
    newest = list(changes.order_by("-pk")[: MOST_CHANGES + 1])
    return {"changes": newest[:MOST_CHANGES], "has_more": len(newest) > MOST_CHANGES}
