"""Uniqueness of names as people read them: ignoring case and invisible differences."""

from typing import Any

from django.db.models import QuerySet

from assignments.visible_text import folded


def is_taken(rows: QuerySet[Any], name: str, *, column: str = "name") -> bool:
    """Return whether one of the rows has this name, by `find_taken`."""
    return find_taken(rows, name, column=column) is not None


def find_taken(rows: QuerySet[Any], name: str, *, column: str = "name") -> Any | None:
    """Return the lowest primary key of rows with this name, or None.

    Names are compared by `folded`, without regard to case and what cannot be seen:
    databases fold ASCII only.
    """
    wanted = folded(name)
    known = rows.order_by("pk").values_list("pk", column)
    return next((pk for pk, other in known if folded(other) == wanted), None)
