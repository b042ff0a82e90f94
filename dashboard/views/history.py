from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dashboard.history_filter import HistoryFilter
from dashboard.htmx import PageRequest, render_page
from dashboard.paging import BadCursor

TEMPLATE = "history/history.html"


@require_safe
def history(request: PageRequest) -> HttpResponse:
    form = HistoryFilter(request.GET)
    if not form.is_valid():
        return _no_list(request, form, form.sentences)
    try:
        page = form.page(request.GET.get("after", ""))
    except BadCursor as bad:
        return _no_list(request, form, [str(bad)])
    context = {
        "filter": form,
        "changes": page.rows,
        "earlier": form.cursor(page.earlier),
        "later": form.cursor(page.later),
    }
    return render_page(request, TEMPLATE, context, fragments=("ledger",))


def _no_list(
    request: PageRequest, form: HistoryFilter, sentences: list[str]
) -> HttpResponse:
    context: dict[str, Any] = {"filter": form, "changes": [], "problems": sentences}
    return render_page(request, TEMPLATE, context, status=400)
