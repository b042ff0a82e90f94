"""Passwords, which LOCAL_SIGN_IN may keep for named logins only.

A password of anybody else is refused before it is compared, and none can be set.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import HttpRequest

from assignments.models import User
from assignments.services.access import may_use_password

__all__ = ["PasswordIsOfUse", "PasswordsAllowed", "may_use_password"]


class PasswordsAllowed:
    """Refuses, before other backends are asked, who may not use a password.

    It has no `get_user`: sessions belong to the backend that knows the person.
    """

    def authenticate(
        self, request: HttpRequest | None, **credentials: Any
    ) -> User | None:
        """Return None to let the next backend decide; raise PermissionDenied if no login
        of that name or address, or not each of them, may use a password.
        """
        if settings.LOCAL_SIGN_IN is None or "password" not in credentials:
            return None
        typed = credentials.get("username") or credentials.get("email") or ""
        named = [typed, *_names_of(typed)]
        if not all(may_use_password(name) for name in named[1:] or named):
            # As long as a wrong password takes: the time does not tell the names.
            User().set_password(credentials["password"])
            raise PermissionDenied
        return None


class PasswordIsOfUse:
    """Refuses a new password of a login that could not sign in with it."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is not None and not may_use_password(user.get_username()):
            raise ValidationError(
                f"This login signs in with {settings.OIDC_NAME}, not with a password.",
                code="no_password_here",
            )

    def get_help_text(self) -> str:
        return ""


def _names_of(typed: str) -> list[str]:
    if not typed or "\0" in typed or len(typed) > 254:
        return []
    wanted = Q(username__iexact=typed) | Q(email__iexact=typed)
    return list(User.objects.filter(wanted).values_list("username", flat=True))
