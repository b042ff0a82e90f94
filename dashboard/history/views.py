from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.csv_response import csv_response
from dashboard.history.export import csv_lines
from dashboard.history.filter import HistoryFilter
from dashboard.htmx import PageRequest, render_page
from dashboard.pagination import BadCursor
from dashboard.team.views_members import check_manager

TEMPLATE = "history/history.html"


@require_safe
def history(request: PageRequest) -> HttpResponse:
    form = HistoryFilter(request.GET, viewer=request.user)
    if not form.is_valid():
        return _no_list(request, form, form.sentences)
    try:
        page = form.page(request.GET.get("after", ""))
    except BadCursor as bad:
        return _no_list(request, form, [str(bad)])
    prefetch_related_objects(page.rows, "notes")
    context = {
        "filter": form,
        "lead": form.cleaned_data["lead"],
        "changes": page.rows,
        "total": form.total(page),
        "earlier": form.cursor(page.earlier),
        "later": form.cursor(page.later),
    }
    return render_page(request, TEMPLATE, context, fragments=("ledger",))


@require_safe
def export(request: PageRequest) -> HttpResponseBase:
    """Return all changes of the filter as a CSV file, within the limits of
    `csv_response`. A filter that is not valid gives the page with its errors, status
    400. Raises PermissionDenied unless the viewer is a sales manager.
    """
    check_manager(request, "export the history")
    form = HistoryFilter(request.GET, viewer=request.user)
    if not form.is_valid():
        return _no_list(request, form, form.sentences)
    zone = timezone.get_current_timezone()
    return csv_response(
        request,
        name="history",
        lines=lambda: csv_lines(form.all_changes(), zone=zone),
    )


def _no_list(
    request: PageRequest, form: HistoryFilter, sentences: list[str]
) -> HttpResponse:
    context: dict[str, Any] = {"filter": form, "changes": [], "problems": sentences}
    return render_page(request, TEMPLATE, context, status=400)
