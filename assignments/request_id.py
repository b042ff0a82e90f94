"""The id that one request has in web, tasks and calls to Smartlead, for the log."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WELL_FORMED = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Return the id of the request or task at work here; "" outside of both."""
    return _current.get()


def make() -> str:
    return secrets.token_hex(8)


def is_well_formed(text: str) -> bool:
    """Return whether `text` is 8 to 64 letters, digits, dots, underscores or hyphens.

    The first one is a letter or a digit.
    """
    return _WELL_FORMED.fullmatch(text) is not None


@contextmanager
def set_to(request_id: str) -> Iterator[None]:
    """Let `current` return this id within the context, and the one before after it."""
    before = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(before)


def keep(request_id: str) -> None:
    """Let `current` return this id until it is replaced, for tasks."""
    _current.set(request_id)
