from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.chips import chips_of, ways_out
from dashboard.htmx import PageRequest, render_page, target
from dashboard.inbox_filter import MOST_NEW, InboxFilter
from dashboard.paging import BadCursor
from dashboard.rows import rows_of

TEMPLATE = "inbox/inbox.html"
NEWS = "new-replies"
FAST, SLOW = "15s", "60s"  # how often a list asks for new replies, the second after
PATIENCE = timedelta(minutes=10)


@require_safe
def home(request: PageRequest) -> HttpResponse:
    return redirect("inbox")


@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    form = InboxFilter(request.GET, user=request.user)
    if not form.is_valid():
        return _no_list(request, form, form.sentences)
    at = timezone.now()
    if target(request) == NEWS:
        return _news(request, form, at)
    try:
        page = form.page(at=at, after=request.GET.get("after", ""))
    except BadCursor as bad:
        return _no_list(request, form, [str(bad)])
    context = {
        "filter": form,
        "rows": rows_of(page.rows, viewer=request.user, at=at),
        "total": form.total(page, at=at),
        "earlier": page.earlier and page.earlier.encoded(form.query),
        "later": page.later and page.later.encoded(form.query),
        "chips": chips_of(form),
        "here": request.get_full_path(),
        "since": form.newest_reply(page, at=at),
        "opened": at,
        "news_every": FAST,
    }
    if not page.rows:
        context["ways_out"] = ways_out(form, at=at)
    return render_page(request, TEMPLATE, context, fragments=("list",))


def _news(request: PageRequest, form: InboxFilter, at: datetime) -> HttpResponse:
    """How many replies came since the list was read; asked for less often in time."""
    since, opened = (_moment(request, name) or at for name in ("since", "opened"))
    context = {
        "filter": form,
        "since": since,
        "opened": opened,
        "news_every": FAST if at - opened < PATIENCE else SLOW,
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


def _no_list(
    request: PageRequest, form: InboxFilter, sentences: list[str]
) -> HttpResponse:
    """A list that ignored part of its filter would be taken for the filtered one."""
    context: dict[str, Any] = {"filter": form, "rows": [], "problems": sentences}
    return render_page(request, TEMPLATE, context, status=400)
