from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from assignments.services.periods import moment_from
from assignments.services.sight import visible_leads
from assignments.services.webhooks import status
from assignments.services.webhooks.status import NewsMark
from dashboard.htmx import PageRequest, render_page, target
from dashboard.inbox.filter import MOST_NEW, InboxFilter
from dashboard.inbox.lead_list import NEWS_EVERY, list_of, news_of
from dashboard.today.strip import strip_of

TEMPLATE = "inbox/inbox.html"
NEWS = "new-replies"
SLOW = "60s"  # how often an old list asks for new replies
PATIENCE = timedelta(minutes=10)
COUNTED_FOR = timedelta(seconds=15)  # as long as nothing seems to have come in


@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    at = timezone.now()
    if target(request) == NEWS and _is_quiet(request, at):
        return HttpResponse(status=204)
    form = InboxFilter(request.GET, user=request.user)
    if target(request) == NEWS and form.is_valid():
        return _news(request, form, at)
    context = list_of(form, request.GET, viewer=request.user, at=at)
    context["here"] = request.get_full_path()
    context["strip"] = strip_of(form, at=at)
    if "problems" in context:
        return render_page(request, TEMPLATE, context, status=400)
    return render_page(request, TEMPLATE, context, fragments=("list",))


def _is_quiet(request: PageRequest, at: datetime) -> bool:
    """Return True if `seen` in the address is still the newest mark of news, and
    `counted` is at most COUNTED_FOR ago. False if one of them is missing or cannot
    be read.
    """
    seen, counted = (
        NewsMark.parsed(request.GET.get("seen", "")),
        moment_from(request.GET.get("counted", "")),
    )
    if seen is None or counted is None or at - counted > COUNTED_FOR:
        return False
    return seen == NewsMark.now()


def _news(request: PageRequest, form: InboxFilter, at: datetime) -> HttpResponse:
    """Return the part with the number of replies since `since` of the address, MOST_NEW
    at most. It asks again after NEWS_EVERY, or SLOW once the list has been open for
    PATIENCE, or NEWS_AT_ONCE while webhooks arrive. If an event came after `seen`,
    `leads-touched` is triggered with the ids of leads changed since: their rows read
    themselves again.
    """
    since = moment_from(request.GET.get("since", "")) or at
    opened = moment_from(request.GET.get("opened", "")) or at
    pulse = NewsMark.now()
    context = {
        "filter": form,
        **news_of(
            form,
            since=since,
            opened=opened,
            pulse=pulse,
            at=at,
            every=NEWS_EVERY if at - opened < PATIENCE else SLOW,
        ),
        "news": form.new_since(since, at=at),
        "most_new": MOST_NEW,
    }
    response = render(request, f"{TEMPLATE}#{NEWS}", context)
    seen = NewsMark.parsed(request.GET.get("seen", ""))
    if seen and seen.event_at != pulse.event_at:
        changed = status.leads_changed_since(seen.event_at)
        shown = visible_leads(request.user).filter(pk__in=changed).order_by()
        touched = list(shown.values_list("pk", flat=True))
        return trigger_client_event(response, "leads-touched", {"leads": touched})
    return response
