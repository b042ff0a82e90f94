"""Logins that may use a password of Handoff: all, or those that LOCAL_SIGN_IN names."""

from django.conf import settings


def may_use_password(username: str) -> bool:
    names: frozenset[str] | None = settings.LOCAL_SIGN_IN
    return names is None or username in names


def break_glass_names() -> frozenset[str]:
    """Return the logins that keep their password; empty if all do."""
    names: frozenset[str] | None = settings.LOCAL_SIGN_IN
    return names or frozenset()
