"""Read lists of rows out of any of Smartlead's envelopes, row by row."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assignments.smartlead.payload_values import Payload, as_int, as_text, first_present
from assignments.smartlead.responses import garbled_error

MAX_EXCERPT_LENGTH = 500
EMPTY_VALUES: tuple[Any, ...] = (None, False, "", {}, [])
ENVELOPE_KEYS = (
    "data",
    "messages",
    "history",
    "leads",
    "campaigns",
    "team_board_stats",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row that could not be read, with the reason and its first characters."""

    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage[T]:
    """A page of rows. `returned` counts all rows; `limit` is None for unpaged lists."""

    rows: tuple[T, ...]
    unreadable: tuple[SkippedRow, ...]
    returned: int
    limit: int | None
    total: int | None

    @property
    def is_last(self) -> bool:
        return self.limit is None or self.returned < self.limit


def parse_page[T](
    payload: Any,
    read: Callable[[Payload], T],
    *,
    limit: int | None = None,
    is_later: bool = False,
) -> ListPage[T]:
    """Return the page with every row that `read` converts, in order. Items that are no
    objects or for which `read` raises ValueError are in `unreadable`; `returned`
    counts both. `limit` is only stored; `total` is None if the payload does not give
    it. Raises ServiceTrouble if the payload holds no list.

    If `is_later`, the page follows another one, and an empty payload (`has_nothing`) is
    the end of the list. On a first page it is an error: all leads would seem to be
    gone.
    """
    raw_rows = [] if is_later and has_nothing(payload) else find_rows(payload)
    rows: list[T] = []
    unreadable: list[SkippedRow] = []
    for raw in raw_rows:
        try:
            rows.append(read(_require_object(raw)))
        except ValueError as exc:
            unreadable.append(SkippedRow(reason=str(exc), excerpt=_excerpt(raw)))
    return ListPage(
        rows=tuple(rows),
        unreadable=tuple(unreadable),
        returned=len(raw_rows),
        limit=limit,
        total=_total(payload),
    )


def find_rows(payload: Any) -> list[Any]:
    """Return the payload if it is a list, or the first list under its ENVELOPE_KEYS,
    nested objects included. Raise ServiceTrouble (kind `garbled`) if there is none.
    """
    rows = _find_list(payload)
    if rows is None:
        raise garbled_error("Smartlead's answer holds no list where one was expected.")
    return rows


def _find_list(payload: Any) -> list[Any] | None:
    if isinstance(payload, list):
        return payload
    if not isinstance(payload, dict):
        return None
    inner = (_find_list(payload[name]) for name in ENVELOPE_KEYS if name in payload)
    return next((rows for rows in inner if rows is not None), None)


def has_nothing(payload: Any) -> bool:
    """Return True for null in place of a list: the payload is null, or all of its
    fields among ENVELOPE_KEYS are empty or hold only empty ones, or it has none of
    these fields and `ok` or `success` is true.

    A payload that is a list gives False, also if empty. So does `{}`: Smartlead answers
    so when it fails, too.
    """
    if not isinstance(payload, dict):
        return payload is None
    inner = [payload[name] for name in ENVELOPE_KEYS if name in payload]
    if not inner:
        return payload.get("ok") is True or payload.get("success") is True
    return all(value in EMPTY_VALUES or _holds_nothing(value) for value in inner)


def _holds_nothing(value: Any) -> bool:
    """Return True for an object with fields among ENVELOPE_KEYS that are all empty, as
    `{team_board_stats: null}` in `data`; its `ok` and `success` do not count.
    """
    return isinstance(value, dict) and has_nothing(
        {**value, "ok": False, "success": False}
    )


def _total(payload: Any) -> int | None:
    if not isinstance(payload, dict):
        return None
    # Absence is unknown, never 0.
    return as_int(first_present(payload, "total_count", "total_leads", "total"))


def _require_object(raw: Any) -> Payload:
    if not isinstance(raw, dict):
        raise ValueError("The row is not an object.")
    return raw


def _excerpt(raw: Any) -> str:
    return as_text(json.dumps(raw, ensure_ascii=False))[:MAX_EXCERPT_LENGTH]
