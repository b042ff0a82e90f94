"""Verification of what the provider signs: ID tokens and logout tokens.

allauth takes an ID token from the token endpoint without looking at its signature, has
no nonce, and tolerates no skew of clocks. All three are checked here.
"""

import time
from typing import Any

import jwt
from django.conf import settings
from django.utils.crypto import constant_time_compare

from dashboard.accounts.oidc import provider_calls
from dashboard.accounts.oidc.refusal_reasons import Refusal, SignInRefused

# Never `none`, and never HS256, whose key could be the provider's public one.
ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
LEEWAY = 5 * 60  # seconds that the clocks may differ
# Microsoft dates its tokens 5 minutes back, which comes on top of the leeway.
OLDEST = 10 * 60 - 10
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_VALID = 2 * 60


def verified_identity(id_token: str, *, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token that was issued just now for this sign-in.

    Raises SignInRefused; ProviderUnreachable if the keys cannot be had.
    """
    claims = _verified(id_token, required=["iss", "sub", "aud", "exp", "iat"])
    said = claims.get("nonce")
    if not (nonce and isinstance(said, str) and constant_time_compare(said, nonce)):
        raise SignInRefused(Refusal.WRONG_TOKEN)
    if time.time() - claims["iat"] > OLDEST:
        raise SignInRefused(Refusal.CLOCK)
    return claims


def verified_refresh(id_token: str, *, subject: str) -> None:
    """Raise SignInRefused unless a refreshed ID token is about the same person."""
    claims = _verified(id_token, required=["iss", "sub", "aud", "exp", "iat"])
    if claims["sub"] != subject:
        raise SignInRefused(Refusal.WRONG_TOKEN)


def verified_logout(logout_token: str) -> dict[str, Any]:
    """Return the claims of a logout token: `sub`, `sid` or both, with `jti` and `exp`.

    By OpenID Connect Back-Channel Logout 1.0, 2.6. Raises SignInRefused;
    ProviderUnreachable if the keys cannot be had.
    """
    claims = _verified(logout_token, required=["iss", "aud", "iat", "jti"])
    events = claims.get("events")
    is_logout = isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
    named = [claims[name] for name in ("sub", "sid") if claims.get(name)]
    texts = [claims["jti"], *named]
    if (
        not is_logout
        or "nonce" in claims
        or not named
        or not all(isinstance(text, str) and text for text in texts)
        or time.time() - claims["iat"] > LOGOUT_TOKEN_VALID + LEEWAY
    ):
        raise SignInRefused(Refusal.WRONG_TOKEN)
    return claims


def _verified(token: str, *, required: list[str]) -> dict[str, Any]:
    issuer = provider_calls.provider_config().issuer
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key=_key_of(token),
            algorithms=ALGORITHMS,
            issuer=issuer,
            audience=settings.OIDC_CLIENT_ID,
            leeway=LEEWAY,
            options={"require": required},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise SignInRefused(Refusal.CLOCK) from None
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise SignInRefused(Refusal.WRONG_TOKEN) from None
    _check_party(claims)
    if not isinstance(claims["iat"], int | float):
        raise SignInRefused(Refusal.WRONG_TOKEN)
    return claims


def _check_party(claims: dict[str, Any]) -> None:
    """Raise SignInRefused if the token was issued for another client as well as us.

    Then `azp` must say that we are the one who asked for it.
    """
    audience = claims["aud"]
    party = claims.get("azp")
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or party is not None) and party != settings.OIDC_CLIENT_ID:
        raise SignInRefused(Refusal.WRONG_TOKEN)


def _key_of(token: str) -> jwt.PyJWK:
    """Return the provider's key that the token names.

    Raises a PyJWTError if the token's algorithm is none of ours or no key fits.
    """
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError
    for is_key_missing in (False, True):
        keys = provider_calls.signing_keys(is_key_missing=is_key_missing)
        if found := _fitting(keys, header):
            return jwt.PyJWK(found, algorithm=header["alg"])
    raise jwt.InvalidKeyError


def _fitting(
    keys: list[dict[str, Any]], header: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the key with the header's `kid`; without a `kid` the only key there is."""
    usable = [
        jwk
        for jwk in keys
        if jwk.get("use", "sig") == "sig"
        and jwk.get("alg", header["alg"]) == header["alg"]
    ]
    if "kid" in header:
        return next((jwk for jwk in usable if jwk.get("kid") == header["kid"]), None)
    return usable[0] if len(usable) == 1 else None
