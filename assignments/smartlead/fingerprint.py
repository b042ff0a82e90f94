"""Identify a Smartlead account without revealing its API key."""

import hmac

from django.conf import settings


def account_fingerprint() -> str:
    """Return the HMAC-SHA256 of SMARTLEAD_API_KEY, keyed with SECRET_KEY, as 64
    hexadecimal digits. It differs for each key and cannot be reversed.
    """
    secret = f"handoff account {settings.SECRET_KEY}".encode()
    return hmac.new(secret, settings.SMARTLEAD_API_KEY.encode(), "sha256").hexdigest()
