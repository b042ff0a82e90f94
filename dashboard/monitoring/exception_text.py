"""Exceptions as they may be shown to operators: class and place, without the data.

What a driver or a parser says about a value holds the value: a name, an address, a mail.
So the text of an exception is kept only where it cannot.
"""

from collections.abc import Iterator
from traceback import format_tb

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

LEFT_OUT = "(left out)"
MOST_CAUSES = 10
# These name parts of the program, or say that something cannot be reached.
_WITHOUT_DATA = (
    AttributeError, NameError, ImportError, RecursionError, MemoryError,
    ConnectionError, TimeoutError, ImproperlyConfigured, OperationalError,
    InterfaceError,
)  # fmt: skip


def class_of(error: BaseException) -> str:
    """Return the full name of the class; of a built-in one its name alone."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def value_of(error: BaseException) -> str:
    """Return the text of an exception, or LEFT_OUT if it may hold data of people.

    It is always the whole text under DEBUG.
    """
    if settings.DEBUG or isinstance(error, _WITHOUT_DATA):
        return str(error)
    return LEFT_OUT


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and then those it came from, MOST_CAUSES at most."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen and len(seen) < MOST_CAUSES:
        seen.add(id(cause))
        yield cause
        hidden = None if cause.__suppress_context__ else cause.__context__
        cause = cause.__cause__ or hidden


def traceback_text(error: BaseException) -> str:
    """Return the traceback as Python prints it, first causes first, without data."""
    told = [
        "Traceback (most recent call last):\n"
        f"{''.join(format_tb(cause.__traceback__))}"
        f"{class_of(cause)}: {value_of(cause)}"
        for cause in causes(error)
    ]
    return "\n\nIt led to this:\n\n".join(reversed(told))
