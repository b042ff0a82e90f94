from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.htmx import PageRequest, render_page
from dashboard.inbox_filter import InboxFilter
from dashboard.paging import BadCursor
from dashboard.rows import rows_of

TEMPLATE = "inbox/inbox.html"


@require_safe
def home(request: PageRequest) -> HttpResponse:
    return redirect("inbox")


@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    form = InboxFilter(request.GET, user=request.user)
    if not form.is_valid():
        return _no_list(request, form, form.sentences)
    at = timezone.now()
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
        "here": request.get_full_path(),
    }
    return render_page(request, TEMPLATE, context, fragments=("list",))


def _no_list(
    request: PageRequest, form: InboxFilter, sentences: list[str]
) -> HttpResponse:
    """A list that ignored part of its filter would be taken for the filtered one."""
    context: dict[str, Any] = {"filter": form, "rows": [], "problems": sentences}
    return render_page(request, TEMPLATE, context, status=400)
