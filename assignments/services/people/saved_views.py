"""Filters that people keep under a name, each for themselves."""

from django.db import transaction

from assignments.models import SavedView, User
from assignments.services.errors import AssignmentRefused
from assignments.services.people.unique_names import find_taken, is_taken

MOST_VIEWS = 30


@transaction.atomic
def save_view(*, user: User, name: str, query: str) -> SavedView:
    """Keep a filter; one of the same name is replaced."""
    kept = SavedView.objects.filter(user=user)
    known = find_taken(kept, name)
    if known is None and kept.count() >= MOST_VIEWS:
        raise AssignmentRefused(
            f"You have {MOST_VIEWS} views, which is the most. Remove one first."
        )
    view, _ = SavedView.objects.update_or_create(
        user=user,
        **({"name": name} if known is None else {"pk": known}),
        defaults={"name": name, "query": query},
    )
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str) -> None:
    if is_taken(SavedView.objects.filter(user=view.user).exclude(pk=view.pk), name):
        raise AssignmentRefused(f"You have another view called “{name}”.")
    view.name = name
    view.save(update_fields=["name"])


def remove_view(view: SavedView) -> None:
    view.delete()
