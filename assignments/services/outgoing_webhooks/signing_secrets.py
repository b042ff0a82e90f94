"""The secrets that sign deliveries: made here, encrypted in the database."""

import base64
import secrets
from datetime import datetime, timedelta

from standardwebhooks import Webhook

from assignments.encryption import decrypt, encrypt
from assignments.models import OutgoingEndpoint

PREFIX = "whsec_"
OLD_SECRET_LIVES = timedelta(hours=24)
PURPOSE = "secrets of outgoing webhooks"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def encrypted(secret: str) -> str:
    return encrypt(secret, purpose=PURPOSE)


def decrypted(stored: str) -> str:
    """Return the secret; raises SecretUnreadable."""
    return decrypt(stored, purpose=PURPOSE)


def signatures(
    endpoint: OutgoingEndpoint, *, message_id: str, body: str, at: datetime
) -> str:
    """Return the header `webhook-signature`: by the secret, and by the old one too while
    that is valid. Raises SecretUnreadable.
    """
    stored = [endpoint.secret]
    if endpoint.old_secret_until and endpoint.old_secret_until > at:
        stored.append(endpoint.old_secret)
    return " ".join(
        Webhook(decrypted(secret)).sign(message_id, at, body) for secret in stored
    )
