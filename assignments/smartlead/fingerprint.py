"""Identify a Smartlead account without revealing its API key."""

import hmac

from django.conf import settings


def account_fingerprint() -> str:
    """Return a keyed hash of the API key: different for each key, and not reversible."""
    secret = f"handoff account {settings.SECRET_KEY}".encode()
    return hmac.new(secret, settings.SMARTLEAD_API_KEY.encode(), "sha256").hexdigest()
