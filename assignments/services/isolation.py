"""Running many acts of one task so that one that breaks does not stop the others."""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)


def run_isolated[Result, Fallback](
    act: Callable[[], Result], fallback: Fallback, message: str, *about: object
) -> Result | Fallback:
    """Return what `act` returns, or `fallback` if it raises an Exception.

    The exception is logged with `message`, into which `about` is formatted, and not
    raised again. No transaction is opened here.
    """
    try:
        return act()
    except Exception:
        logger.exception(message, *about)
        return fallback
