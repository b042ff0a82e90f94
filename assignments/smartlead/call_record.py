"""One call to Smartlead as it is logged and counted: no key, query, body or answer."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

RATE_LIMITED = "429"
# Upper limits in seconds; the last bucket has none.
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
MOST_ENDPOINTS = 40  # more than there are; a path with a name in it would make many

logger = logging.getLogger(__name__)
_row: ContextVar[str] = ContextVar("row of the call", default="")
_attempt: ContextVar[int] = ContextVar("attempt of the call", default=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call that was made. `status` is None and `trouble` a kind without an answer."""

    method: str
    path: str
    seconds: float
    status: int | None = None
    trouble: str = ""

    @property
    def endpoint(self) -> str:
        """Return the path with `id` in place of numbers."""
        return re.sub(r"(?<=/)\d+", "id", self.path)

    @property
    def outcome(self) -> str:
        """Return `2xx`, `4xx`, `5xx`, `429`, or the kind of trouble, like `timeout`."""
        if self.status is None:
            return self.trouble or "broken"
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return RATE_LIMITED
        return f"{self.status // 100}xx"


@contextmanager
def calls_about(row: str, *, attempt: int) -> Iterator[None]:
    """Have the log name this row and attempt with each call within the context."""
    row_before, attempt_before = _row.set(row), _attempt.set(attempt)
    try:
        yield
    finally:
        _row.reset(row_before)
        _attempt.reset(attempt_before)


def log_call(call: CallRecord) -> None:
    """Log one line with method, path, status, duration and attempt."""
    said = call.outcome if call.status is None else call.status
    about = f", {_row.get()}" if _row.get() else ""
    milliseconds = round(call.seconds * 1000)
    logger.info(
        "%s %s: %s in %d ms, attempt %d%s",
        call.method, call.path, said, milliseconds, _attempt.get(), about,
        extra={
            "method": call.method, "endpoint": call.path, "outcome": call.outcome,
            "status": call.status, "ms": milliseconds,
            "attempt": _attempt.get(), "row": _row.get(),
        },
    )  # fmt: skip


def add_call(counts: Mapping[str, Any], call: CallRecord) -> dict[str, Any]:
    """Return the counts of all calls with this one in them; `counts` is left alone.

    By endpoint: `outcomes` by name, `seconds` in all, and `buckets`, the number of calls
    up to each of BUCKETS and, last, of longer ones.
    """
    name = f"{call.method} {call.endpoint}"
    if name not in counts and len(counts) >= MOST_ENDPOINTS:
        name = "other"
    known = counts.get(name) or {}
    outcomes = dict(known.get("outcomes") or {})
    outcomes[call.outcome] = outcomes.get(call.outcome, 0) + 1
    buckets = list(known.get("buckets") or [0] * (len(BUCKETS) + 1))
    buckets[sum(call.seconds > limit for limit in BUCKETS)] += 1
    seconds = round(known.get("seconds", 0.0) + call.seconds, 3)
    counted = {"outcomes": outcomes, "buckets": buckets, "seconds": seconds}
    return {**counts, name: counted}
