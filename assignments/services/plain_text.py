"""Texts from outside, made to fit a column of the database."""

from django.db.models import CharField, Model


def fit_to_column(text: str, *, model: type[Model], field: str) -> str:
    """Return `text`, cut to the field's `max_length` if that is a CharField's."""
    column = model._meta.get_field(field)
    length = column.max_length if isinstance(column, CharField) else None
    return text[:length]


def storable_text(text: str) -> str:
    """Return `text` with NUL removed and each lone surrogate replaced by “?”."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
