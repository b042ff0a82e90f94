"""Uniqueness of names as people read them: ignoring case and invisible differences."""

from typing import Any

from django.db.models import QuerySet

from assignments.visible_text import folded


def is_taken(rows: QuerySet[Any], name: str, *, column: str = "name") -> bool:
    """Return whether one of the rows has this name, however it is written."""
    return find_taken(rows, name, column=column) is not None


def find_taken(rows: QuerySet[Any], name: str, *, column: str = "name") -> Any | None:
    """Return the primary key of the first row with this name, None if there is none.

    Compared here, since databases fold ASCII only, or no letters in other spellings.
    """
    wanted = folded(name)
    known = rows.order_by("pk").values_list("pk", column)
    return next((pk for pk, other in known if folded(other) == wanted), None)
