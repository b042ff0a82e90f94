"""The command palette: what the search finds, as a dialog or as a page without scripts."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.htmx import PageRequest, render_page
from dashboard.palette.entries import groups_for

LONGEST = 200
FRAGMENTS = ("palette", "palette-found")


@require_safe
def palette(request: PageRequest) -> HttpResponse:
    query = request.GET.get("q", "").replace("\0", "")[:LONGEST]
    groups = groups_for(request.user, query, at=timezone.now())
    context = {"query": query, "groups": groups}
    return render_page(request, "palette/palette.html", context, fragments=FRAGMENTS)
