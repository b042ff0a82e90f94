"""Validate requests with the rules and messages of Joi, as the server does.

A validator returns the clean value or raises InvalidValue. As with Joi, unknown keys
are refused and digit strings count as numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any

Validator = Callable[[str, object], Any]


class InvalidValue(Exception):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(f'"{path}" {message}')
        self.path = path


@dataclass(frozen=True, slots=True)
class SchemaField:
    check: Validator
    is_required: bool = False
    default: Any = None


Schema = Mapping[str, SchemaField]


def required(check: Validator) -> SchemaField:
    return SchemaField(check, is_required=True)


def optional(check: Validator, *, default: Any = None) -> SchemaField:
    return SchemaField(check, default=default)


def validate(schema: Schema, raw: Mapping[str, Any], *, at: str = "") -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for name, field in schema.items():
        if name in raw:
            clean[name] = field.check(f"{at}{name}", raw[name])
        elif field.is_required:
            raise InvalidValue(f"{at}{name}", "is required")
        else:
            clean[name] = field.default
    for name in raw:
        if name not in schema:
            raise InvalidValue(f"{at}{name}", "is not allowed")
    return clean


def nullable(check: Validator) -> Validator:
    return lambda path, raw: None if raw is None else check(path, raw)


def number(*, least: float | None = None, most: float | None = None) -> Validator:
    def check(path: str, raw: object) -> float:
        value = _as_number(path, raw)
        if least is not None and value < least:
            raise InvalidValue(path, f"must be greater than or equal to {least:g}")
        if most is not None and value > most:
            raise InvalidValue(path, f"must be less than or equal to {most:g}")
        return value

    return check


def integer(*, least: int | None = None, most: int | None = None) -> Validator:
    within = number(least=least, most=most)

    def check(path: str, raw: object) -> int:
        value = _as_number(path, raw)
        if value != int(value):
            raise InvalidValue(path, "must be an integer")
        within(path, value)
        # Digits beyond 2**53 would lose their last places as a float.
        is_exact = isinstance(raw, int) or str(raw).strip().isdecimal()
        return int(str(raw)) if is_exact else int(value)

    return check


def _as_number(path: str, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InvalidValue(path, "must be a number")
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        raise InvalidValue(path, "must be a number") from None
    if not isfinite(value):
        raise InvalidValue(path, "must be a number")
    return value


def text(*, most: int | None = None, can_be_empty: bool = False) -> Validator:
    def check(path: str, raw: object) -> str:
        if not isinstance(raw, str):
            raise InvalidValue(path, "must be a string")
        if not raw and not can_be_empty:
            raise InvalidValue(path, "is not allowed to be empty")
        if most is not None and len(raw) > most:
            message = f"length must be less than or equal to {most} characters long"
            raise InvalidValue(path, message)
        return raw

    return check


def boolean(path: str, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in {"true", "false"}:
        return raw.lower() == "true"
    raise InvalidValue(path, "must be a boolean")


FLAG = optional(boolean, default=False)


def one_of(*values: str) -> Validator:
    def check(path: str, raw: object) -> object:
        if raw not in values:
            raise InvalidValue(path, f"must be one of [{', '.join(values)}]")
        return raw

    return check


def list_of(
    item: Validator,
    *,
    least: int = 0,
    most: int | None = None,
    exactly: int | None = None,
) -> Validator:
    def check(path: str, raw: object) -> list[Any]:
        if not isinstance(raw, list):
            raise InvalidValue(path, "must be an array")
        if exactly is not None and len(raw) != exactly:
            raise InvalidValue(path, f"must contain {exactly} items")
        if most is not None and len(raw) > most:
            raise InvalidValue(path, f"must contain less than or equal to {most} items")
        if len(raw) < least:
            raise InvalidValue(path, f"must contain at least {least} items")
        return [item(f"{path}[{at}]", value) for at, value in enumerate(raw)]

    return check


def one_or_list_of(item: Validator, *, most: int | None = None) -> Validator:
    listed = list_of(item, least=1, most=most)

    def check(path: str, raw: object) -> list[Any]:
        return listed(path, raw) if isinstance(raw, list) else [item(path, raw)]

    return check


def single_value(item: Validator) -> Validator:
    """Return a validator that checks one value by `item` and returns it in a list; a
    list is refused by `item`, even of one value.
    """
    return lambda path, raw: [item(path, raw)]


def timestamp(path: str, raw: object) -> float:
    """Return epoch seconds from a text in ISO 8601; without an offset it is UTC, as on
    the server. Raise InvalidValue for anything else.
    """
    try:
        parsed = datetime.fromisoformat(str(raw))
    except ValueError:
        raise InvalidValue(path, "must be in ISO 8601 date format") from None
    if not isinstance(raw, str):
        raise InvalidValue(path, "must be in ISO 8601 date format")
    if parsed.tzinfo is None:
        parsed = datetime.fromisoformat(f"{parsed.isoformat()}+00:00")
    return parsed.timestamp()


def iso_day(path: str, raw: object) -> str:
    try:
        return date.fromisoformat(str(raw)).isoformat()
    except ValueError:
        raise InvalidValue(path, "must be in YYYY-MM-DD format") from None


def object_of(schema: Schema) -> Validator:
    def check(path: str, raw: object) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise InvalidValue(path, "must be of type object")
        return validate(schema, raw, at=f"{path}.")

    return check
