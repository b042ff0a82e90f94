"""Check of `doctor` that what is stored encrypted can be read with this SECRET_KEY."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from allauth.mfa.models import Authenticator

from assignments import encryption
from assignments.chat.encryption import decrypt as decrypt_address
from assignments.encryption import SecretUnreadable
from assignments.models import ChatChannel, OutgoingEndpoint
from assignments.services.operations.findings import Finding, fine, problem
from assignments.services.outgoing_webhooks.signing_secrets import decrypted
from assignments.services.people.second_factors import PURPOSE


def stored_secrets() -> Finding:
    """Return a problem that names each kind of secret of which one cannot be read.

    One query each; a kind is read as far as its first unreadable secret.
    """
    channels = ChatChannel.objects.values_list("secret", flat=True)
    endpoints = OutgoingEndpoint.objects.filter(removed_at=None)
    kinds: list[tuple[str, Iterable[str], Callable[[str], str]]] = [
        ("chat channels", channels.iterator(), decrypt_address),
        (
            "outgoing webhooks",
            endpoints.values_list("secret", flat=True).iterator(),
            decrypted,
        ),
        (
            "second factors",
            _secrets_of_factors(),
            partial(encryption.decrypt, purpose=PURPOSE),
        ),
    ]
    unreadable = [kind for kind, stored, read in kinds if _has_unreadable(stored, read)]
    if unreadable:
        return problem(
            "secrets",
            f"Stored with another SECRET_KEY, and unreadable: {', '.join(unreadable)}.",
            "Put the old key into SECRET_KEY_FALLBACKS, or make them anew "
            "(docs/operating.md).",
        )
    return fine("secrets", "What is stored encrypted can be read.")


def _secrets_of_factors() -> Iterator[str]:
    """Yield those of authenticator apps and recovery codes; passkeys have none."""
    factors = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
    for data in factors.values_list("data", flat=True).iterator():
        yield from (data[name] for name in ("secret", "seed") if name in data)


def _has_unreadable(stored: Iterable[str], read: Callable[[str], str]) -> bool:
    try:
        for secret in stored:
            read(secret)
    except SecretUnreadable:
        return True
    return False
