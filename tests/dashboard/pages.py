"""Helpers of the page tests: htmx headers, and what a page counts."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.models import Lead
from tests.factories import make_lead

_WRITTEN = re.compile(r"(<(?:textarea|pre)\b.*?</(?:textarea|pre)>)", re.DOTALL)
_TAG = re.compile(r"<[a-z][^<>]*>")


def without_layout(html: str) -> str:
    """Return a page with each tag on one line, and no line breaks around tags.

    White space that separates words stays, as one space. What people have written into a
    field keeps its lines.
    """
    parts = _WRITTEN.split(html)
    parts[::2] = [re.sub(r"\s*\n\s*", " ", _joined(part)) for part in parts[::2]]
    return _TAG.sub(_one_line, "".join(parts))


def _joined(html: str) -> str:
    return re.sub(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)", "", html)


def _one_line(tag: re.Match[str]) -> str:
    """Return the tag with one space between attributes, and between its classes."""
    line = re.sub(r"\s*\n\s*|  +", " ", tag[0])
    classes = re.sub(r'class="\s*([^"]*?)\s*"', r'class="\1"', line)
    return re.sub(r"\s+>$", ">", classes)


def htmx(target: str = "") -> dict[str, str]:
    headers = {"HX-Request": "true"}
    return headers | {"HX-Target": target} if target else headers


def queries_of(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def replied(hour: int, name: str = "Lena Lead", **fields: object) -> Lead:
    """A lead that replied at this hour of 11 May 2026."""
    return make_lead(
        name, last_reply_at=datetime(2026, 5, 11, hour, tzinfo=UTC), **fields
    )


def read_to_end(response: Any) -> None:
    """Read a download, as its client would: its file and its lock are let go then.

    `response.close()` would also end the request, and with it the test's connection.
    """
    if response.streaming:
        for _ in response.streaming_content:
            pass
