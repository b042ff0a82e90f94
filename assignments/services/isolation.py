"""Doing many things of one kind, of which one that fails stops no other."""

import logging
from collections.abc import Callable
from datetime import datetime

logger = logging.getLogger(__name__)


def guarded[Thing](
    act: Callable[[Thing, datetime], int], of: Thing, at: datetime
) -> int:
    """Run `act`; log an exception and return 0, so that it is tried again next time."""
    try:
        return act(of, at)
    except Exception:
        logger.exception("Nobody could be told of %s", of)
        return 0
