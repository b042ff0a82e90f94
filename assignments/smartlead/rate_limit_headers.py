"""Read the `x-ratelimit-…` headers of a response."""

import re
from collections.abc import Mapping

from assignments.smartlead.rate_limiter import RateReport

EPOCH_SECONDS = 100_000_000  # smaller is seconds left: three years
EPOCH_MILLISECONDS = 100_000_000_000  # as seconds, this would be the year 5138


def parse_rate_headers(headers: Mapping[str, str], *, now: float) -> RateReport:
    reset = _first_number(headers.get("x-ratelimit-reset", ""))
    limit = _first_number(headers.get("x-ratelimit-limit", ""))
    remaining = _first_number(headers.get("x-ratelimit-remaining", ""))
    return RateReport(
        limit=None if limit is None else int(limit),
        remaining=None if remaining is None else int(max(0, remaining)),
        resets_in=None if reset is None else seconds_left(reset, now=now),
    )


def seconds_left(reset: float, *, now: float) -> float:
    """Return the seconds from `now` until the reset, never below 0.

    `reset` is by its size epoch milliseconds (from EPOCH_MILLISECONDS), epoch seconds
    (from EPOCH_SECONDS) or the seconds left themselves.
    """
    if reset >= EPOCH_MILLISECONDS:
        return max(0.0, reset / 1000 - now)
    if reset >= EPOCH_SECONDS:
        return max(0.0, reset - now)
    return max(0.0, reset)


def _first_number(text: str) -> float | None:
    """Return the number at the beginning, or None if the text begins otherwise; some
    servers write `60, 60;w=60`.
    """
    found = re.match(r"\s*(-?\d{1,15}(?:\.\d+)?)", text)
    return float(found[1]) if found else None
