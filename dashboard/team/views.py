"""The workload of members."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Team
from assignments.services.insights.workload import team_workload
from assignments.services.sight import Sight, visible_leads
from dashboard.htmx import PageRequest
from dashboard.inbox.answer_filter import unanswered_before
from dashboard.team.workload_table import SORTS, board_of

HEADS = [
    ("name", "Member", ""),
    ("load", "Load", ""),
    ("open", "Open", "num"),
    ("waiting", "Waiting on us", "num"),
    ("overdue", "Overdue", "num"),
    ("oldest", "Oldest unanswered", ""),
]


class TeamFilter(forms.Form):
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label="All teams",
        error_messages={"invalid_choice": "There is no such team (any more)."},
    )
    sort = forms.ChoiceField(
        choices=[(name, name) for name in SORTS],
        required=False,
        error_messages={"invalid_choice": "There is no such order."},
    )


@require_safe
def team(request: PageRequest) -> HttpResponse:
    form = TeamFilter(request.GET)
    is_right = form.is_valid()
    chosen = form.cleaned_data.get("team")
    sort = form.cleaned_data.get("sort") or "load"
    sight = Sight.of(request.user)
    found = team_workload(at=timezone.now(), team=chosen, sight=sight)
    leads = visible_leads(request.user)
    context = {
        "form": form,
        "team": chosen,
        "sort": sort,
        "order": "ascending" if sort in {"name", "oldest"} else "descending",
        "heads": HEADS,
        "board": board_of(found, sort=sort, team=chosen),
        "before": unanswered_before(
            {"team": f"{chosen.pk}"} if chosen else {},
            leads.filter(owner__team=chosen) if chosen else leads,
        ),
        "sees_all_members": sight.owners is None,
        "has_teams": Team.objects.exists(),
    }
    return render(request, "team/team.html", context, status=200 if is_right else 400)
