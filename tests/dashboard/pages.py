"""Helpers of the page tests: htmx headers, and what a page counts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.models import Lead
from tests.factories import make_lead


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
