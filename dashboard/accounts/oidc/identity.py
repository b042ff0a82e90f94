"""The identity of a person, read from the claims of the provider."""

from typing import Any

from allauth.account.internal.emailkit import valid_email_or_none
from allauth.core.internal.datakit import parse_bool_safely
from django.conf import settings

from assignments.services.people.provider_sign_ins import (
    LONGEST_SUBJECT,
    ProviderIdentity,
)
from dashboard.accounts.oidc import provider_calls
from dashboard.accounts.oidc.provider_calls import ProviderTokens
from dashboard.accounts.oidc.refusal_reasons import Refusal, SignInRefused

MOST_GROUPS = 2000
_MAIL = ("email", "email_verified")


def identity_of(claims: dict[str, Any], tokens: ProviderTokens) -> ProviderIdentity:
    """Return who the verified claims of an ID token are about.

    What they leave out of mail and groups is asked of userinfo, which must be about the
    same subject. Raises SignInRefused, ProviderUnreachable, GrantRefused.
    """
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SignInRefused(Refusal.WRONG_TOKEN)
    wanted = ["email", settings.OIDC_GROUPS_CLAIM]
    if tokens.access_token and any(name not in claims for name in wanted):
        more = provider_calls.user_info(tokens.access_token)
        if more and more.get("sub") != subject:
            raise SignInRefused(Refusal.WRONG_TOKEN)
        if "email" in claims:  # an address and its mark come from one place
            more = {name: said for name, said in more.items() if name not in _MAIL}
        claims = more | claims
    email = claims.get("email")
    email = valid_email_or_none(email) if isinstance(email, str) else None
    return ProviderIdentity(
        issuer=settings.OIDC_ISSUER,
        subject=subject,
        email=email or "",
        is_email_verified=_is_verified(email or "", claims.get("email_verified")),
        name=_name_of(claims),
        groups=_groups_of(claims),
    )


def _is_verified(email: str, said: object) -> bool:
    """Return what the provider says; where it says nothing, whether the domain is ours."""
    if said is None:
        return email.rpartition("@")[2].lower() in settings.OIDC_VERIFIED_DOMAINS
    return bool(parse_bool_safely(said)) if isinstance(said, bool | str) else False


def _name_of(claims: dict[str, Any]) -> str:
    name = claims.get("name")
    return name if isinstance(name, str) else ""


def _groups_of(claims: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the groups of the claim, empty without one; None if the provider says that
    they are elsewhere, as Microsoft does of people in more than 200.
    """
    name = settings.OIDC_GROUPS_CLAIM
    elsewhere = claims.get("_claim_names")
    if name not in claims and isinstance(elsewhere, dict) and name in elsewhere:
        return None
    said = claims.get(name)
    groups = [said] if isinstance(said, str) else said
    if not isinstance(groups, list):
        return ()
    return tuple(group for group in groups if isinstance(group, str))[:MOST_GROUPS]
