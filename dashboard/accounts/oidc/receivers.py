"""The row of a session that the provider began, from its sign-in to its sign-out.

By signals, since a second factor may lie between the provider's answer and the session.
"""

from typing import Any

from allauth.account.signals import user_logged_in
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from assignments.services.people import provider_sessions

KEPT = "handoff"  # in the state of a sign-in, until the session has begun
MARK = "provider_session"  # in a session that the provider began


def connect() -> None:
    user_logged_in.connect(_keep, dispatch_uid="provider_session_kept")
    user_logged_out.connect(_forget, dispatch_uid="provider_session_forgotten")


def _keep(request: HttpRequest, sociallogin: Any = None, **_: Any) -> None:
    if sociallogin is None:
        return
    kept = sociallogin.state.get(KEPT) or {}
    if not request.session.session_key:
        request.session.save()
    provider_sessions.begin(
        account=sociallogin.account,
        session_key=request.session.session_key or "",
        sid=kept.get("sid", ""),
        tokens=kept.get("tokens", ""),
        at=timezone.now(),
    )
    request.session[MARK] = True


def _forget(request: HttpRequest, **_: Any) -> None:
    if request is not None and request.session.get(MARK):
        provider_sessions.forget(request.session.session_key or "")
