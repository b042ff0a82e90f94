"""The list of leads, in the inbox and beside a lead that was opened directly."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import QueryDict
from django.urls import reverse

from assignments.models import User
from assignments.services.webhooks.status import Pulse
from dashboard.htmx import PageRequest
from dashboard.inbox.filter import InboxFilter
from dashboard.inbox.filter_chips import chips_of, ways_out
from dashboard.inbox.lead_rows import rows_of
from dashboard.pagination import BadCursor

NEWS_EVERY = "15s"  # how often a young list asks for new replies
# The same while webhooks arrive: what they bring is to be seen within two seconds.
NEWS_AT_ONCE = "1500ms"


def list_of(
    form: InboxFilter, query: QueryDict, *, viewer: User, at: datetime
) -> dict[str, Any]:
    """Return the context of the list for a query string, or of the sentence why there
    is none.
    """
    if not form.is_valid():
        return _no_list(form, form.sentences)
    try:
        page = form.page(at=at, after=query.get("after", ""))
    except BadCursor as bad:
        return _no_list(form, [str(bad)])
    context = {
        "filter": form,
        "rows": rows_of(page.rows, viewer=viewer, at=at),
        "total": form.total(page, at=at),
        "earlier": page.earlier and page.earlier.encoded(form.query),
        "later": page.later and page.later.encoded(form.query),
        "chips": chips_of(form),
        "since": form.newest_reply(page, at=at),
        "opened": at,
        **news_of(Pulse.now(), at=at),
    }
    if not page.rows:
        context["ways_out"] = ways_out(form, at=at)
    return context


def news_of(pulse: Pulse, *, at: datetime, every: str = NEWS_EVERY) -> dict[str, Any]:
    """Return how a list asks for news, and how often."""
    often = NEWS_AT_ONCE if pulse.beats(at=at) else every
    return {"pulse": pulse, "counted": at, "news_every": often}


def _no_list(form: InboxFilter, sentences: list[str]) -> dict[str, Any]:
    """Return an empty list with the reason: one that ignored a filter would be taken
    for filtered.
    """
    return {"filter": form, "rows": [], "problems": sentences}


def list_behind(request: PageRequest) -> str:
    """Return the query string of the list in which a lead is looked at.

    The inbox's own; for a lead `list` of its address, or of that of the page which asks
    for a part of itself.
    """
    if request.path == reverse("inbox"):
        return str(request.META["QUERY_STRING"])
    if "list" in request.GET:
        return request.GET["list"]
    page = urlsplit((request.htmx and request.htmx.current_url) or "")
    if page.path == reverse("inbox"):
        return page.query
    return parse_qs(page.query).get("list", [""])[0]


def address_of(query: str) -> str:
    return f"{reverse('inbox')}?{query}" if query else reverse("inbox")
