"""The connection of django-allauth's second factors with our log of sign-ins."""

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils import timezone

from assignments.models import SignInEvent, User
from assignments.services.people import sign_ins
from dashboard.accounts.sign_in_guard import visitor_of

Kind = SignInEvent.Kind


def connect() -> None:
    """Have each change of somebody's second factors logged, in this process."""
    for signal, kind in (
        (signals.authenticator_added, Kind.FACTOR_ADDED),
        (signals.authenticator_removed, Kind.FACTOR_REMOVED),
        (signals.authenticator_reset, Kind.CODES_RENEWED),
    ):
        signal.connect(_receiver(kind), weak=False, dispatch_uid=f"sign-in log {kind}")


def _receiver(kind: SignInEvent.Kind) -> Any:
    def receive(
        sender: object,
        request: HttpRequest,
        user: User,
        authenticator: Authenticator,
        **kwargs: object,
    ) -> None:
        # Recovery codes come and go with the factor that they stand in for.
        is_codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
        if is_codes and kind != Kind.CODES_RENEWED:
            return
        visitor = visitor_of(request)
        sign_ins.record(kind, user=user, at=timezone.now(), visitor=visitor)

    return receive
