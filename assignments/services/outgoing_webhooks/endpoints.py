"""Endpoints as sales managers keep them: address, events, secret, on or off."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from assignments.encryption import SecretUnreadable
from assignments.models import OutgoingEndpoint, User
from assignments.models.outgoing_webhook import TEST_KIND, OutgoingKind
from assignments.outgoing_address import AddressRefused
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.outgoing_webhooks import delivery_queue
from assignments.services.outgoing_webhooks.events import write_events
from assignments.services.outgoing_webhooks.signing_secrets import (
    OLD_SECRET_LIVES,
    decrypted,
    encrypted,
    new_secret,
)
from assignments.webhook_sender import checked_url

ACT = "change outgoing webhooks"
MOST_ENDPOINTS = 50
NO_KIND = "Choose at least one event."
NOT_READABLE = "SECRET_KEY has changed, so the secret cannot be read. Rotate it."


def add_endpoint(
    *, actor: User, url: str, kinds: Collection[str], description: str, at: datetime
) -> OutgoingEndpoint:
    """Store an endpoint with a new secret; it is told of what happens from now on.

    Raises NotAllowed unless `actor` is a sales manager, AssignmentRefused for an address
    that is not allowed, without an event, or beyond MOST_ENDPOINTS.
    """
    require_manager(actor, ACT)
    if OutgoingEndpoint.objects.kept().count() >= MOST_ENDPOINTS:
        raise AssignmentRefused(f"{MOST_ENDPOINTS} endpoints is the most. Remove one.")
    return OutgoingEndpoint.objects.create(
        url=_allowed(url),
        kinds=_known(kinds),
        description=description,
        secret=encrypted(new_secret()),
        created_at=at,
        created_by=actor,
    )


def change_endpoint(
    *,
    actor: User,
    endpoint: OutgoingEndpoint,
    url: str,
    kinds: Collection[str],
    description: str,
) -> None:
    """Store address, events and description; raises as `add_endpoint`.

    Another address is tried at once.
    """
    require_manager(actor, ACT)
    new_url = _allowed(url)
    if new_url != endpoint.url:
        endpoint.failures, endpoint.not_before = 0, None
    endpoint.url = new_url
    endpoint.kinds = _known(kinds)
    endpoint.description = description
    endpoint.save(
        update_fields=["url", "kinds", "description", "failures", "not_before"]
    )


def secret_of(*, actor: User, endpoint: OutgoingEndpoint) -> str:
    """Return the secret in plain text. Raises NotAllowed unless `actor` is a sales
    manager, AssignmentRefused if it was encrypted under another SECRET_KEY.
    """
    require_manager(actor, "see the secret of an endpoint")
    try:
        return decrypted(endpoint.secret)
    except SecretUnreadable:
        raise AssignmentRefused(NOT_READABLE) from None


@transaction.atomic
def rotate_secret(*, actor: User, endpoint: OutgoingEndpoint, at: datetime) -> str:
    """Give the endpoint a new secret and return it; the old one signs as well for 24
    hours. Raises NotAllowed.
    """
    require_manager(actor, ACT)
    locked = _locked(endpoint)
    secret = new_secret()
    is_readable = True
    try:
        decrypted(locked.secret)
    except SecretUnreadable:
        is_readable = False
    locked.old_secret = locked.secret if is_readable else ""
    locked.old_secret_until = at + OLD_SECRET_LIVES if is_readable else None
    locked.secret = encrypted(secret)
    locked.save(update_fields=["old_secret", "old_secret_until", "secret"])
    return secret


@transaction.atomic
def disable_endpoint(*, actor: User, endpoint: OutgoingEndpoint, at: datetime) -> None:
    """Send it nothing any more; raises NotAllowed, and Stale if it is off already."""
    require_manager(actor, ACT)
    locked = _locked(endpoint)
    if not locked.is_active:
        raise Stale(f"“{locked}” is disabled already.")
    delivery_queue.disable(locked, why=f"{actor} disabled it.", at=at)


@transaction.atomic
def enable_endpoint(*, actor: User, endpoint: OutgoingEndpoint) -> None:
    """Tell it of what happens from now on; raises NotAllowed, AssignmentRefused if its
    address is not allowed any more, and Stale if it is on already.
    """
    require_manager(actor, ACT)
    _allowed(endpoint.url)
    off = OutgoingEndpoint.objects.kept().filter(pk=endpoint.pk, is_active=False)
    changed = off.update(
        is_active=True,
        was_stopped=False,
        disabled_at=None,
        disabled_why="",
        failures=0,
        not_before=None,
    )
    if not changed:
        raise Stale(f"“{endpoint}” is on already.")


@transaction.atomic
def remove_endpoint(*, actor: User, endpoint: OutgoingEndpoint, at: datetime) -> None:
    """Send it nothing any more and show it nowhere; raises NotAllowed.

    `prune_deliveries` deletes it with its deliveries later.
    """
    require_manager(actor, ACT)
    locked = _locked(endpoint)
    delivery_queue.disable(locked, why=f"{actor} removed it.", at=at)
    locked.secret = locked.old_secret = ""
    locked.removed_at = at
    locked.save(update_fields=["secret", "old_secret", "removed_at"])


def send_test(*, actor: User, endpoint: OutgoingEndpoint, at: datetime) -> None:
    """Write a test event for this endpoint alone, sent at once.

    Raises NotAllowed, and AssignmentRefused if the endpoint is disabled.
    """
    require_manager(actor, ACT)
    if not endpoint.is_active:
        raise AssignmentRefused("It is disabled. Enable it, then send a test.")
    OutgoingEndpoint.objects.filter(pk=endpoint.pk).update(not_before=None)
    data = {"message": "A test of Handoff.", "endpoint_id": endpoint.pk}
    write_events(TEST_KIND, [endpoint], data=[data], at=at)


def _locked(endpoint: OutgoingEndpoint) -> OutgoingEndpoint:
    """Return the endpoint locked; raises Stale if somebody has removed it."""
    rows = OutgoingEndpoint.objects.kept().select_for_update(no_key=True)
    if locked := rows.filter(pk=endpoint.pk).first():
        return locked
    raise Stale("Somebody has removed this endpoint.")


def _allowed(url: str) -> str:
    try:
        return checked_url(url)
    except AddressRefused as refusal:
        raise AssignmentRefused(str(refusal)) from None


def _known(kinds: Collection[str]) -> list[str]:
    known = [kind.value for kind in OutgoingKind if kind in kinds]
    if not known:
        raise AssignmentRefused(NO_KIND)
    return known
