"""Sessions of the viewer: a list of them, and their end elsewhere."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.models import User
from assignments.services.people import sessions as sessions_of_people
from dashboard.accounts.sign_in_guard import browser_of, visitor_of
from dashboard.htmx import PageRequest


@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: PageRequest) -> HttpResponse:
    """List where the viewer is signed in; on POST sign them out everywhere else."""
    if request.method != "POST":
        context = {"sessions": listed_sessions(request.user)}
        return render(request, "usersessions/usersession_list.html", context)
    sessions_of_people.end_others(
        user=request.user,
        but=request.session.session_key or "",
        visitor=visitor_of(request),
        at=timezone.now(),
    )
    messages.success(request, "You are signed out everywhere else.")
    return redirect("usersessions_list")


def listed_sessions(user: User) -> list[dict[str, Any]]:
    """Return where a user is signed in, newest first, with the browser in words.

    Sessions from before sessions were listed are not among them.
    """
    known = UserSession.objects.purge_and_list(user)
    newest_first = sorted(known, key=lambda session: session.created_at, reverse=True)
    return [
        {"session": session, "browser": browser_of(session.user_agent)}
        for session in newest_first
    ]
