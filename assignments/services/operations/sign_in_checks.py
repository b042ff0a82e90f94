"""Checks of `doctor` on ways to sign in: a setup in which nobody, or only IT, could."""

from collections.abc import Iterator

from allauth.socialaccount.models import SocialAccount
from django.conf import settings

from assignments.models import User
from assignments.services.access import break_glass_names
from assignments.services.operations.findings import Finding, fine, note, problem


def sign_in_findings() -> Iterator[Finding]:
    yield passwords()
    if settings.OIDC_ISSUER:
        yield provider()


def passwords() -> Finding:
    """Return whether those may sign in whom LOCAL_SIGN_IN leaves a password.

    A problem if nobody could sign in at all, or nobody without the provider.
    """
    if settings.LOCAL_SIGN_IN is None:
        return fine("sign-in", "Every login may use its password.")
    return _why_locked_out() or _limits()


def _why_locked_out() -> Finding | None:
    """Return a problem if nobody, or no manager without the provider, could sign in."""
    kept = [
        user
        for user in User.objects.filter(
            is_active=True, username__in=break_glass_names()
        )
        if user.has_usable_password()
    ]
    if not kept and not _may_sign_in_by_provider():
        return problem(
            "sign-in",
            "Nobody can sign in: no login of LOCAL_SIGN_IN is active and has a "
            "password, and no provider lets anybody in.",
            "Set LOCAL_SIGN_IN=all, or set up the provider (docs/single-sign-on.md).",
        )
    if not any(user.is_sales_manager or user.is_superuser for user in kept):
        return problem(
            "sign-in",
            "No sales manager could sign in while the provider is down: none of "
            "LOCAL_SIGN_IN is active and has a password.",
            "Name one there, exactly as their login is written.",
        )
    return None


def _limits() -> Finding:
    """Return a finding on names of LOCAL_SIGN_IN that fit no login, or on the rest."""
    names = break_glass_names()
    active = User.objects.filter(is_active=True)
    if missing := names - set(active.values_list("username", flat=True)):
        return note(
            "sign-in",
            f"LOCAL_SIGN_IN names no active login: {', '.join(sorted(missing))}.",
            "Write it exactly as under Settings, Logins; case counts.",
        )
    if not settings.OIDC_ISSUER:
        return note(
            "sign-in",
            "Passwords are limited to LOCAL_SIGN_IN, and there is no provider: nobody "
            "else can sign in.",
            "Set OIDC_ISSUER, or LOCAL_SIGN_IN=all.",
        )
    return fine("sign-in", f"Passwords are kept for {', '.join(sorted(names))}.")


def provider() -> Finding:
    """Return whether the provider could find the login of each person by its address."""
    linked = SocialAccount.objects.filter(provider=settings.OIDC_ISSUER).values("user")
    unlinked = User.objects.filter(is_active=True).exclude(pk__in=linked)
    without = unlinked.filter(email="").exclude(username__in=break_glass_names())
    count = without.count()
    if count:
        return note(
            "provider",
            f"Active logins without a mail address: {count}. So {settings.OIDC_NAME} "
            "cannot find them the first time.",
            "Enter their addresses under Settings, Logins.",
        )
    return fine("provider", f"{settings.OIDC_NAME} signs people in by their address.")


def _may_sign_in_by_provider() -> bool:
    """Return whether the provider, if it works, lets any person in."""
    if not settings.OIDC_ISSUER:
        return False
    if settings.OIDC_CREATE_DOMAINS or settings.OIDC_CREATE_GROUPS:
        return True
    active = User.objects.filter(is_active=True)
    linked = SocialAccount.objects.filter(
        provider=settings.OIDC_ISSUER, user__is_active=True
    )
    return active.exclude(email="").exists() or linked.exists()
