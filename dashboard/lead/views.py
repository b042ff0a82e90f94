from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from assignments.models import Account, Lead, User
from assignments.services import account
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger.notes import write_note
from assignments.services.ledger.read_marks import mark_lead
from assignments.services.mail_content.parse_waiting import is_anything_unparsed
from assignments.services.mirror.conversations import is_conversation_stale
from assignments.services.periods import moment_from
from assignments.services.sight import visible_leads
from assignments.task_queue import nudge_open_lead
from dashboard.configuration.sla_labels import due_words
from dashboard.htmx import PageRequest, back, render_page, target
from dashboard.inbox.filter import InboxFilter
from dashboard.inbox.lead_list import list_behind, list_of
from dashboard.inbox.lead_rows import row_of
from dashboard.lead.conversation import conversation_of, mail_of, notes_of, poll_of
from dashboard.lead.forms import NoteForm
from dashboard.lead.given_away import given_away_answer, gone_from_sight
from dashboard.lead.neighbours import neighbours_of
from dashboard.notifications.poll_fingerprint import seen
from dashboard.service_errors import refuse

TEMPLATE = "lead/lead.html"
PATIENCE = timedelta(minutes=1)  # how long a page waits for Smartlead's conversation
NOTES_POLL = "every 5s"  # while the conversation is awaited
MOST_CHANGES = 50
READ_MARK = "read-mark"
FRAGMENTS = ("panel", "thread", "earlier", "notes", "timeline")


@require_safe
def lead_page(request: PageRequest, map_id: int) -> HttpResponse:
    at = timezone.now()
    if (change := gone_from_sight(request, map_id)) is not None:
        return given_away_answer(request, change, at=at)
    lead = get_lead(map_id, request.user)
    if target(request).startswith("mail-"):
        shown = mail_of(lead, request.GET.get("mail", ""))
        return render(request, "lead/_mail.html", {"lead": lead, "shown": shown})
    # `told`: an event was about it; a poll would ask again and again.
    is_opened = target(request) in {"", "panel"} or "told" in request.GET
    if is_opened and (_wants_thread(lead) or is_anything_unparsed(lead_id=map_id)):
        nudge_open_lead(map_id)
    context = {
        "row": row_of(lead, viewer=request.user, at=at),
        "lead": lead,
        "here": request.get_full_path(),
        "due_words": due_words(lead),
    }
    if target(request) == f"owner-{map_id}":
        return _owner(request, context)
    if target(request) == READ_MARK:
        return render(request, f"{TEMPLATE}#{READ_MARK}", context)
    return _page(request, context, at)


@require_POST
def mark(request: PageRequest, map_id: int) -> HttpResponse:
    """Mark the lead as read or unread, as `as` of the form says, in Smartlead too.

    Returns the part that says so to htmx, upon which the browser reloads the row, and
    else redirects. Answers 409 if the lead is gone. Raises PermissionDenied.
    """
    is_read = request.POST.get("as") == "read"
    at = timezone.now()
    try:
        lead = get_lead(map_id, request.user)
        mark_lead(lead=lead, is_read=is_read, actor=request.user, at=at)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _read_mark(request, map_id, at, status=409)
    return _read_mark(request, map_id, at)


def _read_mark(
    request: PageRequest, map_id: int, at: datetime, *, status: int = 200
) -> HttpResponse:
    if not request.htmx:
        return back(request, "lead", map_id)
    lead = get_lead(map_id, request.user)
    row = row_of(lead, viewer=request.user, at=at)
    context = {"lead": lead, "row": row, "here": request.POST.get("next", "")}
    response = render(request, f"{TEMPLATE}#{READ_MARK}", context, status=status)
    return trigger_client_event(response, "lead-changed", {"lead": map_id})


@require_POST
def add_note(request: PageRequest, map_id: int) -> HttpResponse:
    lead = get_lead(map_id, request.user)
    at = timezone.now()
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _note_form(request, lead, form, status=422)
    try:
        text = form.cleaned_data["text"]
        write_note(lead=lead, text=text, author=request.user, at=at)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _note_form(request, lead, form, status=409)
    if not request.htmx:
        return back(request, "lead", map_id)
    response = _note_form(request, lead, NoteForm())
    return trigger_client_event(response, "notes-changed", {"lead": map_id})


def _note_form(
    request: PageRequest, lead: Lead, form: NoteForm, *, status: int = 200
) -> HttpResponse:
    """Return the form with what was typed: alone to htmx, otherwise on the lead's page.

    `status` is that of the answer.
    """
    at = timezone.now()
    here = request.POST.get("next", "")
    row = row_of(lead, viewer=request.user, at=at)
    context = {"row": row, "lead": lead, "here": here, "note_form": form}
    if request.htmx:
        return render(request, f"{TEMPLATE}#note-form", context, status=status)
    return _page(request, context, at, status=status)


def _page(
    request: PageRequest, context: dict[str, Any], at: datetime, *, status: int = 200
) -> HttpResponse:
    lead = context["lead"]
    context |= {**_thread(request, lead, at), **_notes(lead, at), **_timeline(lead)}
    if context["thread_is_awaited"]:
        context["notes_poll"] = context["notes_poll"] or NOTES_POLL
    if (
        target(request) == "thread"
        and request.GET.get("seen") == context["thread_seen"]
    ):
        # Nothing is new: what somebody has opened meanwhile stays open.
        return HttpResponse(status=204)
    if target(request) in {"", "panel"}:
        context["steps"] = neighbours_of(lead, request, at=at)
    if target(request) not in FRAGMENTS:
        context |= {**_list_beside(request, at), "open_id": lead.pk, "heading": "h1"}
    return render_page(request, TEMPLATE, context, fragments=FRAGMENTS, status=status)


def _list_beside(request: PageRequest, at: datetime) -> dict[str, Any]:
    """Return the context, as `list_of` does, of the list that `list_behind` names: it
    stands beside a lead that was opened by its address.
    """
    query = QueryDict(list_behind(request))
    form = InboxFilter(query, user=request.user)
    return list_of(form, query, viewer=request.user, at=at)


def _owner(request: PageRequest, context: dict[str, Any]) -> HttpResponse:
    """Return the part with the owner.

    Unless a change is being sent, it triggers `lead-changed` in the browser, upon which
    the page follows.
    """
    response = render(request, "lead/_owner.html", context)
    if context["row"].is_polled:
        return response
    return trigger_client_event(response, "lead-changed", {"lead": context["lead"].pk})


@require_safe
def lead_row(request: PageRequest, map_id: int) -> HttpResponse:
    """Return the lead's row as it is now, for one that waits for its change to settle.

    Raises Http404 if there is no such lead.
    """
    at = timezone.now()
    if (change := gone_from_sight(request, map_id)) is not None:
        return given_away_answer(request, change, at=at)
    row = row_of(get_lead(map_id, request.user), viewer=request.user, at=at)
    return render(request, "inbox/_row.html", {"row": row})


def get_lead(map_id: int, viewer: User) -> Lead:
    """Return the lead with what a row shows of it.

    Raises Http404 if the viewer does not see it, as if it did not exist.
    """
    seen = visible_leads(viewer)
    known = seen.select_related("owner__team", "campaign", "category")
    return get_object_or_404(known, pk=map_id)


def _thread(request: PageRequest, lead: Lead, at: datetime) -> dict[str, Any]:
    asked_at = moment_from(request.GET.get("asked", "")) or at
    mails = conversation_of(
        lead, before=request.GET.get("before", ""), opened=request.GET.get("mail", "")
    )
    known = account.current_account()
    is_missing = _wants_thread(lead)
    can_come = mails.is_being_prepared or (is_missing and not _cannot_ask(known))
    is_awaited = can_come and at - asked_at < PATIENCE
    outage = known.outage_sentence if known.outage_since else ""
    return {
        "mails": mails,
        "asked_at": asked_at,
        "thread_is_missing": is_missing,
        "thread_is_awaited": is_awaited,
        "thread_seen": seen(mails.state, is_missing, is_awaited, outage),
        "outage": outage,
    }


def _wants_thread(lead: Lead) -> bool:
    return lead.gone_at is None and is_conversation_stale(lead)


def _notes(lead: Lead, at: datetime) -> dict[str, Any]:
    shown = notes_of(lead)
    return {"notes": shown, "notes_poll": poll_of(shown, at=at)}


def _cannot_ask(known: Account) -> bool:
    return known.outage_since is not None or bool(account.binding_problem(known))


def _timeline(lead: Lead) -> dict[str, Any]:
    changes = lead.assignments.select_related("expected", "to", "actor", "found")
    newest = list(changes.order_by("-pk")[: MOST_CHANGES + 1])
    return {"changes": newest[:MOST_CHANGES], "has_more": len(newest) > MOST_CHANGES}
