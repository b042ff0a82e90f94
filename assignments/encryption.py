"""Secrets that the database keeps and only this installation can read.

The key comes from SECRET_KEY, so a copy of the database alone gives nothing away; with
another SECRET_KEY nothing can be read, unless the old one is in SECRET_KEY_FALLBACKS.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes


class SecretUnreadable(Exception):
    """It was encrypted with another SECRET_KEY, or for another purpose."""


def encrypt(secret: str, *, purpose: str) -> str:
    """Return the secret encrypted by a key of this purpose, which is a fixed text."""
    return _box(purpose).encrypt(secret.encode()).decode()


def decrypt(encrypted: str, *, purpose: str) -> str:
    """Return what was encrypted for this purpose; raises SecretUnreadable."""
    try:
        return _box(purpose).decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def _box(purpose: str) -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(force_bytes(key), purpose)) for key in keys])


def _derived(key: bytes, purpose: str) -> bytes:
    info = f"handoff: {purpose}".encode()
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=info)
    return base64.urlsafe_b64encode(derive.derive(key))
