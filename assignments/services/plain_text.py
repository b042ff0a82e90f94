"""Texts of strangers, made to fit their columns."""

from django.db.models import CharField, Model


def fitted(text: str, *, model: type[Model], field: str) -> str:
    """The text, cut to the length of its column."""
    column = model._meta.get_field(field)
    length = column.max_length if isinstance(column, CharField) else None
    return text[:length]


def storable(text: str) -> str:
    """Return `text` without what a database refuses: NUL, halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
