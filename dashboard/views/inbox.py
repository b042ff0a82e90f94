from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.htmx import PageRequest, render_page, target
from dashboard.inbox_filter import MOST_NEW, InboxFilter
from dashboard.lead_list import NEWS_EVERY, list_of

TEMPLATE = "inbox/inbox.html"
NEWS = "new-replies"
SLOW = "60s"  # how often an old list asks for new replies
PATIENCE = timedelta(minutes=10)


@require_safe
def home(request: PageRequest) -> HttpResponse:
    return redirect("inbox")


@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    form = InboxFilter(request.GET, user=request.user)
    at = timezone.now()
    if target(request) == NEWS and form.is_valid():
        return _news(request, form, at)
    context = list_of(form, request.GET, viewer=request.user, at=at)
    context["here"] = request.get_full_path()
    if "problems" in context:
        return render_page(request, TEMPLATE, context, status=400)
    return render_page(request, TEMPLATE, context, fragments=("list",))


def _news(request: PageRequest, form: InboxFilter, at: datetime) -> HttpResponse:
    """How many replies came since the list was read; asked for less often in time."""
    since, opened = (_moment(request, name) or at for name in ("since", "opened"))
    context = {
        "filter": form,
        "since": since,
        "opened": opened,
        "news_every": NEWS_EVERY if at - opened < PATIENCE else SLOW,
        "news": form.new_since(since, at=at),
        "most_new": MOST_NEW,
    }
    return render(request, f"{TEMPLATE}#{NEWS}", context)


def _moment(request: PageRequest, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return moment if timezone.is_aware(moment) else None
