"""Form fields for what people type: cleaned, and each in its own direction of writing."""

import unicodedata
import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from assignments.visible_text import displayed, isolated, without_turning

NOTE_TOO_LONG = (
    "The note has %(show_value)s characters; %(limit_value)s is the most. Shorten it."
)
NOT_ONE_LINE = frozenset({"Cc", "Zl", "Zp"})


class _TypedField(forms.CharField):
    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "dir": "auto"}


class LineField(_TypedField):
    """A name or another line; text of which nothing can be seen counts as empty.

    Refuses line breaks, tabs and other control characters.
    """

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if any(unicodedata.category(sign) in NOT_ONE_LINE for sign in text):
            raise ValidationError("Write it in one line, without tabs or line breaks.")
        return displayed(text)


class LinesField(_TypedField):
    """Lines of a note, reason or list, without characters that turn others."""

    def to_python(self, value: Any) -> str:
        return isolated(without_turning(super().to_python(value) or "").strip())


def zone_choices(unset: str) -> list[tuple[str, str]]:
    return [("", unset), ("UTC", "UTC"), *((name, name) for name in _zones())]


@cache
def _zones() -> list[str]:
    """Return the names of all time zones with a "/" in them, sorted.

    Cached, since some hundred files are opened for it.
    """
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name)
