"""Convert single values of a payload: ids, for example, come as numbers or as texts.

Unusable values become None (or an empty text); nothing in here raises.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from assignments.visible_text import visible

LARGEST_ID = 2**63 - 1
# Other years are mistakes, and dates near the end of the calendar break arithmetic.
PLAUSIBLE_YEARS = range(1971, 2200)
MILLISECONDS_FROM = 100_000_000_000  # as seconds, this would be the year 5138

type Payload = Mapping[str, Any]


def first_present(raw: Payload, *names: str) -> Any:
    """Return the value of the first of these fields that is present and not null, even
    if it is empty or false; None if there is no such field.
    """
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def nested_object(raw: Payload, name: str) -> Payload:
    """Return the object in this field, or an empty one if it is missing or no object."""
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def as_id(value: Any) -> int | None:
    number = as_int(value)
    return number if number is not None and 0 < number <= LARGEST_ID else None


def as_int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def as_text(value: Any) -> str:
    """Return a text or a number as a stripped text that every database accepts: NUL is
    removed and a lone surrogate becomes `?`. Anything else, also true and false, is
    an empty text.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()


def as_line(value: Any) -> str:
    """Return a name, subject or other line as a text (`as_text`) of visible characters:
    invisible ones are dropped, white space becomes single blanks, and LONGEST_LINE
    is the limit. It is empty if nothing visible is left.
    """
    return visible(as_text(value))


def as_flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return bool(value) if value in (0, 1) else None


def as_decimal(value: Any) -> Decimal | None:
    try:
        amount = Decimal(as_text(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def as_moment(value: Any) -> datetime | None:
    """Return an aware UTC datetime from ISO 8601 text (UTC without an offset), or from
    whole epoch seconds or, from MILLISECONDS_FROM on, milliseconds, as number or
    digits. Anything else, 0 and years outside of PLAUSIBLE_YEARS give None.
    """
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            moment = datetime.fromisoformat(value.strip())
        else:
            moment = _from_epoch(as_int(value))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if moment.year in PLAUSIBLE_YEARS else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _from_epoch(number: int | None) -> datetime:
    if not number:
        raise ValueError
    seconds = number / 1000 if abs(number) >= MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, tz=UTC)


def as_dicts(value: Any) -> list[Payload]:
    return [item for item in value if isinstance(item, dict)] if is_list(value) else []


def is_list(value: Any) -> bool:
    return isinstance(value, list)
