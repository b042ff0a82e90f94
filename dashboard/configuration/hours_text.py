"""Hours of a day as people write them: “9:00-12:00, 13:00-17:00”."""

import re

from assignments.services.sla.working_time import Span

_SPAN = re.compile(
    r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|\u2013|to)\s*(\d{1,2})(?:[:.](\d{2}))?"
)
EXAMPLE = "9:00-17:00, or 9:00-12:00, 13:00-17:00"


class NotHours(ValueError):
    """The text holds no hours."""


def read_hours(text: str) -> tuple[Span, ...]:
    parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    return tuple(_span(part) for part in parts)


def write_hours(spans: tuple[Span, ...]) -> str:
    return ", ".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in spans)


def _span(part: str) -> Span:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise NotHours
    opens, opens_at, closes, closes_at = (int(one or 0) for one in found.groups())
    if opens_at > 59 or closes_at > 59:
        raise NotHours
    return opens * 60 + opens_at, closes * 60 + closes_at


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
