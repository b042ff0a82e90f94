"""Tokens of the provider, encrypted by a key that is derived from SECRET_KEY.

Whoever reads the database or a backup of it cannot use them. After a new SECRET_KEY
they cannot be opened, and these sessions end.
"""

import json

from assignments.encryption import SecretUnreadable, decrypt, encrypt
from dashboard.accounts.oidc.provider_calls import ProviderTokens

PURPOSE = "tokens of the provider"


def sealed(tokens: ProviderTokens) -> str:
    kept = [tokens.access_token, tokens.refresh_token]
    return encrypt(json.dumps(kept), purpose=PURPOSE)


def opened(text: str) -> ProviderTokens | None:
    """Return access and refresh token; None if they cannot be opened."""
    try:
        access, refresh = json.loads(decrypt(text, purpose=PURPOSE))
    except (SecretUnreadable, ValueError):
        return None
    return ProviderTokens(access_token=access, refresh_token=refresh, id_token="")
