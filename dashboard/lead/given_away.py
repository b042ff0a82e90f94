"""Answers about a lead that its viewer gave away and does not see any more."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render

from assignments.models import Assignment
from assignments.services.ledger.undo import given_away
from assignments.services.sight import Sight
from dashboard.htmx import PageRequest, target

TEMPLATE = "lead/given_away.html"
POLL = "every 2s"  # while the change is on its way
IDLE = ""


def gone_from_sight(request: PageRequest, map_id: int) -> Assignment | None:
    """Return the viewer's own change that took the lead out of their sight.

    None while they see it, and if they have not given it away: then it does not exist.
    """
    if Sight.of(request.user).sees(map_id):
        return None
    return given_away(request.user, map_id)


def given_away_answer(
    request: PageRequest, change: Assignment, *, at: datetime, status: int = 200
) -> HttpResponse:
    """Return who has the lead now, with a button that takes it back.

    It takes the place of the row, or of the part with the owner; else it is a page.
    """
    context = {
        "change": change,
        "lead": change.lead,
        "poll": POLL if change.is_pending else IDLE,
        "at": at,
    }
    is_owner = target(request) == f"owner-{change.lead_id}"
    part = "#owner" if is_owner else "#row" if request.htmx else ""
    return render(request, f"{TEMPLATE}{part}", context, status=status)
