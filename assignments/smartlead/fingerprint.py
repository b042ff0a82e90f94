"""Which account the key opens, without telling the key."""

import hmac

from django.conf import settings


def account_fingerprint() -> str:
    """A keyed hash of the API key: tells two keys apart, says nothing about either."""
    secret = f"handoff account {settings.SECRET_KEY}".encode()
    return hmac.new(secret, settings.SMARTLEAD_API_KEY.encode(), "sha256").hexdigest()
