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

_PURPOSE = b"handoff: addresses of chat channels"


class SecretUnreadable(Exception):
    """It was encrypted with another SECRET_KEY."""


def encrypt(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return what was encrypted; raises SecretUnreadable."""
    try:
        return _box().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(force_bytes(key))) for key in keys])


def _derived(key: bytes) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
    return base64.urlsafe_b64encode(derive.derive(key))
