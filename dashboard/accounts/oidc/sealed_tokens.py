"""Tokens of the provider, encrypted by a key that is derived from SECRET_KEY.

Whoever reads the database or a backup of it cannot use them. After a new SECRET_KEY
they cannot be opened, and these sessions end.
"""

import base64
import json

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.crypto import salted_hmac

from dashboard.accounts.oidc.provider_calls import ProviderTokens


def sealed(tokens: ProviderTokens) -> str:
    kept = [tokens.access_token, tokens.refresh_token]
    return _box().encrypt(json.dumps(kept).encode()).decode()


def opened(text: str) -> ProviderTokens | None:
    """Return access and refresh token; None if they cannot be opened."""
    try:
        access, refresh = json.loads(_box().decrypt(text.encode()))
    except (InvalidToken, ValueError):
        return None
    return ProviderTokens(access_token=access, refresh_token=refresh, id_token="")


def _box() -> Fernet:
    digest = salted_hmac(
        "provider tokens", "", secret=settings.SECRET_KEY, algorithm="sha256"
    ).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
