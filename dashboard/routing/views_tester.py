"""The page that tries the rules: on one lead, and on the last weeks."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Lead, User
from assignments.models.assignment import Cause
from assignments.services.routing.explain import explain_lead
from assignments.services.routing.load import load_rules
from assignments.services.routing.replay import replay_rules
from assignments.services.sight import Sight, visible_leads
from assignments.visible_text import folded
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest
from dashboard.routing.replay_table import ReplayTable
from dashboard.routing.views import check_reader

WEEKS = ("1", "2", "4", "8")
TEMPLATE = "routing/try.html"

MOST_NEAR = 200  # leads whose names are compared
MOST_MATCHES = 20  # leads to choose from
MOST_WORDS = 10


@require_safe
def try_rules(request: PageRequest) -> HttpResponse:
    check_reader(request)
    if "lead" in request.GET:
        return _explain(request, request.GET["lead"].strip())
    weeks = request.GET.get("weeks", "")
    rules = load_rules()
    context: dict[str, Any] = {"all_weeks": WEEKS, "weeks": weeks}
    if weeks in WEEKS:
        sight = Sight.of(request.user)
        found = replay_rules(rules, weeks=int(weeks), at=timezone.now(), sight=sight)
        context["replay"] = ReplayTable(found, rules)
    return render(request, TEMPLATE, context)


def _explain(request: PageRequest, asked: str) -> HttpResponse:
    leads = _leads(asked, request.user)
    context: dict[str, Any] = {"asked": asked, "all_weeks": WEEKS}
    if len(leads) != 1:
        context |= {"matches": leads, "problem": _problem(asked, leads)}
        return render(request, TEMPLATE, context, status=200 if leads else 404)
    [lead] = leads
    told = explain_lead(lead, at=timezone.now())
    routed = lead.assignments.filter(cause=Cause.ROUTING).select_related("to")
    context |= {
        "lead": lead,
        "told": told,
        "routed": routed.order_by("-pk").first(),
        "suggestion": lead.suggestions.acceptable().first(),
    }
    return render(request, TEMPLATE, context)


def _problem(asked: str, leads: list[Lead]) -> str:
    if not leads:
        return f"There is no lead with the id, e-mail or name “{asked[:40]}”."
    if len(leads) > MOST_MATCHES:
        return f"More than {MOST_MATCHES} leads match. Add a last name or the company."
    return f"{len(leads)} leads match. Choose one."


def _leads(asked: str, viewer: User) -> list[Lead]:
    """Return the lead with this id; else those with this e-mail, whole (compared as
    `folded`); else those whose name, e-mail, company or campaign has all the words.

    Only those that the viewer sees.

    Up to MOST_MATCHES + 1, the newest reply first; without the words of an empty
    search, none.
    """
    known = visible_leads(viewer).select_related("owner", "campaign", "category")
    if (number := id_of(asked)) is not None:
        by_id = list(known.filter(pk=number))
        if by_id:
            return by_id
    words = folded(asked).split()[:MOST_WORDS]
    if not words:
        return []
    conditions = [Q(search_text__contains=word) for word in words]
    newest = known.filter(*conditions).order_by("-reply_order", "-map_id")
    near = list(newest[:MOST_NEAR])
    exact = [lead for lead in near if folded(lead.email) == folded(asked)]
    # The search text also has words of the last message, which name nobody.
    named = [lead for lead in near if all(word in _names(lead) for word in words)]
    return (exact or named)[: MOST_MATCHES + 1]


def _names(lead: Lead) -> str:
    return folded(f"{lead.name} {lead.email} {lead.company} {lead.campaign or ''}")
