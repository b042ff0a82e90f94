"""The secrets that sign deliveries: made here, encrypted in the database."""

import base64
import secrets
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from standardwebhooks import Webhook

from assignments.models import OutgoingEndpoint

PREFIX = "whsec_"
OLD_SECRET_LIVES = timedelta(hours=24)
_SALT = "assignments.outgoing_webhooks"


class UnreadableSecret(Exception):
    """A stored secret was encrypted under another SECRET_KEY."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def encrypted(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def decrypted(stored: str) -> str:
    """Return the secret. Raises UnreadableSecret once SECRET_KEY is another one (and the
    old one does not stand in SECRET_KEY_FALLBACKS).
    """
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise UnreadableSecret from None


def signatures(
    endpoint: OutgoingEndpoint, *, message_id: str, body: str, at: datetime
) -> str:
    """Return the header `webhook-signature`: by the secret, and by the old one too while
    that is valid. Raises UnreadableSecret.
    """
    stored = [endpoint.secret]
    if endpoint.old_secret_until and endpoint.old_secret_until > at:
        stored.append(endpoint.old_secret)
    return " ".join(
        Webhook(decrypted(secret)).sign(message_id, at, body) for secret in stored
    )


def _fernet() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_key_from(key)) for key in keys])


def _key_from(secret_key: str | bytes) -> bytes:
    mac = salted_hmac(_SALT, "endpoint secrets", secret=secret_key, algorithm="sha256")
    return base64.urlsafe_b64encode(mac.digest())
