"""Proof that a webhook comes from Smartlead: our secret address, and no wrong
signature.
"""

import hmac
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from assignments.models import WebhookRefusal
from assignments.models.webhook import WebhookRefusal as _Refusal
from assignments.smartlead.payload_values import Payload, as_text

Reason = _Refusal.Reason

SHORTEST_SECRET = 16
TEST_KEY = "secretkey"  # what Smartlead's own test button sends


class ForgedRequest(Exception):
    """A request reached our address with a wrong signature or secret."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.label}.")
        self.reason = reason


def is_open() -> bool:
    """Return True if the secret of webhooks has at least 16 characters; without it none
    is let in.
    """
    return len(settings.SMARTLEAD_WEBHOOK_SECRET) >= SHORTEST_SECRET


def path_token() -> str:
    """Return the unguessable last part of our webhook address: an HMAC-SHA256 with the
    secret, in hex.
    """
    secret = settings.SMARTLEAD_WEBHOOK_SECRET.encode()
    return hmac.new(secret, b"handoff webhook address", "sha256").hexdigest()


def is_our_token(token: str) -> bool:
    """Return True if webhooks are open and `token` is the last part of our address."""
    return is_open() and hmac.compare_digest(token.encode(), path_token().encode())


def check_signature(body: bytes, signature: str | None) -> None:
    """Raise ForgedRequest if `signature` is not the HMAC-SHA256 of the body, in hex.

    Case, spaces around it and a prefix "sha256=" do not matter. None passes: requests
    without a signature are common, and they knew the address.
    """
    if signature is None:
        return
    secret = settings.SMARTLEAD_WEBHOOK_SECRET.encode()
    right = hmac.new(secret, body, "sha256").hexdigest()
    said = signature.strip().lower().removeprefix("sha256=")
    if not hmac.compare_digest(said.encode(), right.encode()):
        raise ForgedRequest(Reason.SIGNATURE)


def is_test_event(raw: Payload) -> bool:
    """Return True if the event's `secret_key` is the one that Smartlead's test button
    sends.
    """
    return raw.get("secret_key") == TEST_KEY


def check_secret(raw: Payload) -> None:
    """Raise ForgedRequest if the event's `secret_key` is not our secret.

    Events without one, with an empty one, and those of Smartlead's test button pass.
    """
    said = raw.get("secret_key")
    if said in (None, "") or is_test_event(raw):
        return
    right = settings.SMARTLEAD_WEBHOOK_SECRET.encode()
    if not hmac.compare_digest(as_text(said).encode(), right):
        raise ForgedRequest(Reason.SECRET)


@transaction.atomic
def count_refusal(reason: Reason, *, at: datetime) -> None:
    """Add one to the refused requests of the day of `at` with this reason, and store
    `at` as the last.
    """
    row, _ = WebhookRefusal.objects.get_or_create(
        day=at.date(), reason=reason, defaults={"last_at": at}
    )
    WebhookRefusal.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=at)
