"""Addresses of chat channels, which are secrets, as the database keeps them."""

from functools import partial

from assignments import encryption

encrypt = partial(encryption.encrypt, purpose="addresses of chat channels")
decrypt = partial(encryption.decrypt, purpose="addresses of chat channels")
