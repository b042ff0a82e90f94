"""The check, every few minutes, that the provider still lets a signed-in person in."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from assignments.models import ProviderSession, User
from assignments.services.people import provider_sessions
from dashboard.accounts.oidc import provider_calls, token_checks
from dashboard.accounts.oidc.local_sign_in import may_use_password
from dashboard.accounts.oidc.provider_calls import (
    GrantRefused,
    ProviderTokens,
    ProviderUnreachable,
)
from dashboard.accounts.oidc.receivers import MARK
from dashboard.accounts.oidc.refusal_reasons import SignInRefused
from dashboard.accounts.oidc.sealed_tokens import opened, sealed
from dashboard.accounts.sign_in_guard import visitor_of


class SessionCheck:
    """End the session before a page that needs one, if provider or settings say so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> None:
        if not getattr(view, "login_required", True):
            return
        user = request.user
        if not isinstance(user, User):
            return
        if not request.session.get(MARK):
            if not may_use_password(user.get_username()):
                _end(request, f"Sign in with {settings.OIDC_NAME} from now on.")
            return
        session = provider_sessions.session_with(request.session.session_key or "")
        if session is None or session.user_id != user.pk:
            _end(request, f"{settings.OIDC_NAME} has ended your session.")
        elif provider_sessions.claim_check(session, at=timezone.now()):
            _check(request, session)


def _check(request: HttpRequest, session: ProviderSession) -> None:
    name = settings.OIDC_NAME
    try:
        tokens = _ask(session)
    except ProviderUnreachable:
        at = timezone.now()
        reprieve = provider_sessions.postpone(session, at=at)
        if reprieve.is_over(at):
            _end_checked(request, session, f"{name} has not answered for too long.")
        elif reprieve.is_new:
            until = timezone.localtime(reprieve.ends_at)
            messages.warning(
                request,
                f"{name} does not answer, so your sign-in could not be checked. You "
                f"stay signed in until {until:%H:%M}, or until it answers.",
            )
    except (GrantRefused, SignInRefused):
        _end_checked(request, session, f"{name} no longer confirms your sign-in.")
    else:
        kept = sealed(tokens)
        provider_sessions.confirm(session, tokens=kept, at=timezone.now())


def _ask(session: ProviderSession) -> ProviderTokens:
    """Return the tokens for the next time, if the provider still lets the person in.

    Raises GrantRefused or SignInRefused if not, ProviderUnreachable.
    """
    tokens = opened(session.sealed_tokens)
    if tokens is None:
        raise GrantRefused
    if tokens.refresh_token:
        fresh = provider_calls.refresh(tokens.refresh_token)
        if fresh.id_token:
            token_checks.verified_refresh(fresh.id_token, subject=session.sub)
        return fresh
    said = provider_calls.user_info(tokens.access_token)
    if said.get("sub") != session.sub:
        raise GrantRefused
    return tokens


def _end_checked(request: HttpRequest, session: ProviderSession, why: str) -> None:
    provider_sessions.end(
        session, visitor=visitor_of(request), why=why, at=timezone.now()
    )
    _end(request, why)


def _end(request: HttpRequest, why: str) -> None:
    logout(request)
    messages.warning(request, why)
