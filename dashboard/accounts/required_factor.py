"""The second factor that REQUIRE_SECOND_FACTOR asks for, before any other page."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from assignments.models import User
from assignments.services.people import second_factors
from dashboard.htmx import PageRequest

# Where people without the factor may be: setting it up, proving themselves, leaving.
OPEN_TO_THEM = frozenset(
    {
        "login", "logout", "admin_logout", "mfa_index", "mfa_activate_totp",
        "mfa_add_webauthn", "account_reauthenticate", "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn", "password", "invitation", "open_invitation",
        "look",
    }
)  # fmt: skip
NOT_YET = "Set up a second factor first. Handoff asks it of you."


class RequireSecondFactor:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Lead to the page of second factors whoever must have one and has none."""
        match, user = request.resolver_match, request.user
        if not isinstance(user, User) or (match and match.view_name in OPEN_TO_THEM):
            return None
        if not second_factors.must_set_up(user):
            return None
        if _is_background(request):
            return HttpResponse(status=204)
        if request.method not in {"GET", "HEAD"}:
            messages.warning(request, f"This was not saved. {NOT_YET}")
        return redirect("mfa_index")


def _is_background(request: HttpRequest) -> bool:
    """Return whether an element of a page asks for itself anew, as all do that poll.

    A redirect of it would leave the page, in the middle of setting up the factor.
    """
    if request.method != "GET":
        return False
    htmx, match = cast(PageRequest, request).htmx, request.resolver_match
    is_banner = match is not None and match.view_name == "banner"
    return is_banner or (bool(htmx.target) and htmx.trigger == htmx.target)
