"""The list of leads, in the inbox and beside a lead that was opened directly."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from django.http import QueryDict
from django.urls import reverse

from assignments.models import User
from assignments.services.webhooks.status import NewsMark
from dashboard.htmx import PageRequest
from dashboard.inbox.filter import InboxFilter
from dashboard.inbox.filter_chips import chips_of, droppable_filters, in_words
from dashboard.inbox.lead_rows import rows_of
from dashboard.pagination import BadCursor

NEWS_EVERY = "15s"  # how often a young list asks for new replies
# The same while webhooks arrive: what they bring is to be seen within two seconds.
NEWS_AT_ONCE = "1500ms"


def list_of(
    form: InboxFilter, query: QueryDict, *, viewer: User, at: datetime
) -> dict[str, Any]:
    """Return the context of the list for a query string, whose `after` names its page:
    `rows`, `total`, the cursors `earlier` and `later` or None, `chips`, and
    `news_of`. Without rows there are also the filters that can be dropped. If the
    filter or cursor is not valid: no rows, and the sentences as `problems`.
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
        **news_of(
            form,
            since=form.newest_reply(page, at=at),
            opened=at,
            pulse=NewsMark.now(),
            at=at,
        ),
    }
    if not page.rows:
        context["ways_out"] = droppable_filters(form, at=at)
        context["filters_in_words"] = in_words(context["chips"])
    return context


def news_of(
    form: InboxFilter,
    *,
    since: datetime,
    opened: datetime,
    pulse: NewsMark,
    at: datetime,
    every: str = NEWS_EVERY,
) -> dict[str, Any]:
    """Return `since`, `news_address` and `news_every`: where and how often a list asks
    for replies newer than `since`. The address is that of the inbox with the filter,
    `since`, `opened`, `pulse` as `seen`, and `at` as `counted`. The interval is
    NEWS_AT_ONCE while webhooks arrive, else `every`.
    """
    known = {
        "since": since.isoformat(),
        "opened": opened.isoformat(),
        "seen": str(pulse),
        "counted": at.isoformat(),
    }
    query = urlencode(known, quote_via=quote)
    return {
        "since": since,
        "news_address": address_of(f"{form.query}&{query}" if form.query else query),
        "news_every": NEWS_AT_ONCE if pulse.beats(at=at) else every,
    }


def _no_list(form: InboxFilter, sentences: list[str]) -> dict[str, Any]:
    """Return the context of a list without rows, with the sentences as `problems`.

    A list that ignored a filter would be taken for filtered.
    """
    return {"filter": form, "rows": [], "problems": sentences}


def list_behind(request: PageRequest) -> str:
    """Return the query string, without "?", of the list in which a lead is looked at.

    On the inbox its own; else `list` of the request's address; else that of htmx's
    current page: the inbox's query, or its `list`. Empty if there is none.
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
