"""Form fields for what people type: clean, and each in its own direction."""

from typing import Any

from django import forms

from assignments.visible_text import displayed, isolated, without_turning


class _TypedField(forms.CharField):
    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "dir": "auto"}


class LineField(_TypedField):
    """A name or another line; nothing that can be seen counts as empty."""

    def to_python(self, value: Any) -> str:
        return displayed(super().to_python(value) or "")


class LinesField(_TypedField):
    """Lines of a note, reason or list, without characters that turn others."""

    def to_python(self, value: Any) -> str:
        return isolated(without_turning(super().to_python(value) or "").strip())
