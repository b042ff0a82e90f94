"""Calls to the OpenID provider; no other module makes any.

Each takes a few seconds at most, follows no redirects, and reads a bounded answer. What
is raised carries no text of the provider, which may hold secrets.
"""

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote_plus, urlsplit

from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from urllib3.exceptions import HTTPError

TIMEOUTS = (3, 4)  # seconds to connect, and between two pieces of the answer
DEADLINE = 6  # seconds for all of it
LARGEST_ANSWER = 512 * 1024
PIECE = 64 * 1024
CACHE_SECONDS = 3600
KEYS_EVERY = 60  # seconds between two looks for a key that was not known
# What a token endpoint says of a person who must sign in again, or may no longer.
GONE = {
    "invalid_grant", "access_denied", "interaction_required", "login_required",
    "consent_required", "account_selection_required",
}  # fmt: skip


class ProviderUnreachable(Exception):
    """No answer, an error of the provider's own, or one that makes no sense."""


class ClientRefused(ProviderUnreachable):
    """The provider does not know Handoff by its client id and secret."""


class GrantRefused(Exception):
    """A code or token of a person is not, or no longer, good for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """The document of discovery. `issuer` is exactly what tokens must name."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    names_itself: bool  # answers carry `iss` (RFC 9207)
    takes_basic: bool

    @classmethod
    def read(cls, said: Any) -> Self:
        """Raises ProviderUnreachable unless it is what OIDC_ISSUER should answer."""
        if not isinstance(said, dict) or not isinstance(said.get("issuer"), str):
            raise ProviderUnreachable("no discovery document")
        if said["issuer"].rstrip("/") != settings.OIDC_ISSUER:
            raise ProviderUnreachable("the document of another issuer")
        methods = said.get("token_endpoint_auth_methods_supported")
        posts = isinstance(methods, list) and "client_secret_post" in methods
        return cls(
            issuer=said["issuer"],
            authorization_endpoint=_endpoint(said, "authorization_endpoint"),
            token_endpoint=_endpoint(said, "token_endpoint"),
            jwks_uri=_endpoint(said, "jwks_uri"),
            userinfo_endpoint=_endpoint(said, "userinfo_endpoint", needed=False),
            names_itself=(
                said.get("authorization_response_iss_parameter_supported") is True
            ),
            takes_basic=not posts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTokens:
    access_token: str
    refresh_token: str
    id_token: str

    def __repr__(self) -> str:
        return "<tokens>"  # never in a log or an error page


def provider_config() -> ProviderConfig:
    key = f"oidc-config:{settings.OIDC_ISSUER}"
    known: ProviderConfig | None = cache.get(key)
    if known is None:
        address = f"{settings.OIDC_ISSUER}/.well-known/openid-configuration"
        known = ProviderConfig.read(_json_of("GET", address))
        cache.set(key, known, CACHE_SECONDS)
    return known


def signing_keys(*, is_key_missing: bool = False) -> list[dict[str, Any]]:
    """Return the provider's keys, kept for an hour.

    `is_key_missing` asks again, at most once a minute: providers change their keys.
    """
    key = f"oidc-keys:{settings.OIDC_ISSUER}"
    known: list[dict[str, Any]] | None = cache.get(key)
    may_ask = is_key_missing and cache.add(f"{key}:asked", 1, KEYS_EVERY)
    if known is None or may_ask:
        said = _json_of("GET", provider_config().jwks_uri)
        found = said.get("keys") if isinstance(said, dict) else None
        if not isinstance(found, list):
            raise ProviderUnreachable("no keys")
        known = [jwk for jwk in found if isinstance(jwk, dict)]
        cache.set(key, known, CACHE_SECONDS)
    return known


def exchange_code(*, code: str, verifier: str, redirect_uri: str) -> ProviderTokens:
    """Raises GrantRefused for a code that is not good, ProviderUnreachable."""
    return _tokens(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
    )


def refresh(refresh_token: str) -> ProviderTokens:
    """Raises GrantRefused if the person may no longer sign in, ProviderUnreachable."""
    tokens = _tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})
    if tokens.refresh_token:
        return tokens
    return ProviderTokens(
        access_token=tokens.access_token,
        refresh_token=refresh_token,  # theirs goes on
        id_token=tokens.id_token,
    )


def user_info(access_token: str) -> dict[str, Any]:
    """Return the claims of the person; empty if this provider offers none.

    Raises GrantRefused if the token is not accepted, ProviderUnreachable.
    """
    address = provider_config().userinfo_endpoint
    if not address:
        return {}
    bearer = {"Authorization": f"Bearer {access_token}"}
    status, said = _answer("GET", address, headers=bearer)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise GrantRefused
    if status != HTTPStatus.OK or not isinstance(said, dict):
        raise ProviderUnreachable(f"userinfo answered {status}")
    return said


def _tokens(form: dict[str, str]) -> ProviderTokens:
    config = provider_config()
    client, secret = settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET
    auth = None
    if config.takes_basic:
        auth = (quote_plus(client), quote_plus(secret))
    else:
        form |= {"client_id": client, "client_secret": secret}
    status, said = _answer("POST", config.token_endpoint, data=form, auth=auth)
    error = said.get("error") if isinstance(said, dict) else None
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
        if error in GONE:
            raise GrantRefused
        if error:
            raise ClientRefused(f"token endpoint answered {status}")
    if status != HTTPStatus.OK or not isinstance(said, dict):
        raise ProviderUnreachable(f"token endpoint answered {status}")
    found = {
        name: said.get(name) or ""
        for name in ("access_token", "refresh_token", "id_token")
    }
    if not all(isinstance(token, str) for token in found.values()):
        raise ProviderUnreachable("tokens that are none")
    return ProviderTokens(**found)


def _endpoint(said: dict[str, Any], name: str, *, needed: bool = True) -> str:
    address = said.get(name) or ""
    if not address and not needed:
        return ""
    if isinstance(address, str):
        parts = urlsplit(address)
        is_safe = parts.scheme == "https" or (
            # A provider on this machine, for trials.
            parts.scheme == "http" and settings.OIDC_ISSUER.startswith("http:")
        )
        if is_safe and parts.hostname:
            return address
    raise ProviderUnreachable(f"no usable {name}")


def _json_of(method: str, address: str) -> Any:
    status, said = _answer(method, address)
    if status != HTTPStatus.OK:
        raise ProviderUnreachable(f"answered {status}")
    return said


def _answer(method: str, address: str, **said: Any) -> tuple[int, Any]:
    until = time.monotonic() + DEADLINE
    plain = {"Accept": "application/json", "Accept-Encoding": "identity"}
    said["headers"] = plain | said.get("headers", {})
    try:
        with (
            get_adapter().get_requests_session() as session,
            session.request(
                method,
                address,
                stream=True,
                timeout=TIMEOUTS,
                allow_redirects=False,
                **said,
            ) as response,
        ):
            body = b""
            # Each takes what has come, and does not wait until the piece is full.
            while piece := response.raw.read1(PIECE, decode_content=True):
                body += piece
                if len(body) > LARGEST_ANSWER or time.monotonic() > until:
                    raise ProviderUnreachable("an answer without end")
            status: int = response.status_code
    except (OSError, ValueError, HTTPError) as error:  # of requests, or of urllib3
        raise ProviderUnreachable(type(error).__name__) from None
    try:
        return status, json.loads(body)
    except ValueError:
        return status, None
