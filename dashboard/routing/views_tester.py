"""The page that tries the rules: on one lead, and on the last weeks."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Lead
from assignments.models.assignment import Cause
from assignments.services.routing.explain import explain_lead
from assignments.services.routing.load import load_rules
from assignments.services.routing.replay import replay_rules
from assignments.visible_text import folded
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest
from dashboard.routing.replay_table import ReplayTable
from dashboard.routing.views import check_reader

WEEKS = ("1", "2", "4", "8")
TEMPLATE = "routing/try.html"

MOST_NEAR = 50  # leads whose e-mails are compared


@require_safe
def try_rules(request: PageRequest) -> HttpResponse:
    check_reader(request)
    if "lead" in request.GET:
        return _explain(request, request.GET["lead"].strip())
    weeks = request.GET.get("weeks", "")
    rules = load_rules()
    context: dict[str, Any] = {"all_weeks": WEEKS, "weeks": weeks}
    if weeks in WEEKS:
        found = replay_rules(rules, weeks=int(weeks), at=timezone.now())
        context["replay"] = ReplayTable(found, rules)
    return render(request, TEMPLATE, context)


def _explain(request: PageRequest, asked: str) -> HttpResponse:
    lead = _lead(asked)
    context: dict[str, Any] = {"asked": asked, "all_weeks": WEEKS}
    if lead is None:
        context["problem"] = f"There is no lead with the id “{asked[:40]}”."
        return render(request, TEMPLATE, context, status=404)
    told = explain_lead(lead, at=timezone.now())
    routed = lead.assignments.filter(cause=Cause.ROUTING).select_related("to")
    context |= {
        "lead": lead,
        "told": told,
        "routed": routed.order_by("-pk").first(),
        "suggestion": lead.suggestions.open().first(),
    }
    return render(request, TEMPLATE, context)


def _lead(asked: str) -> Lead | None:
    """Return the lead with this id, or the only one with this e-mail (compared as
    `folded`); None if there is none, or several with the e-mail.
    """
    known = Lead.objects.select_related("owner", "campaign", "category")
    if (number := id_of(asked)) is not None:
        return known.filter(pk=number).first()
    if "@" not in asked:
        return None
    email = folded(asked)
    near = known.filter(search_text__contains=email)[:MOST_NEAR]
    found = [lead for lead in near if folded(lead.email) == email]
    return found[0] if len(found) == 1 else None
