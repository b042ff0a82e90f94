"""Inbox filters that a user keeps under a name."""

from django.db import transaction

from assignments.models import SavedView, User
from assignments.services.errors import AssignmentRefused
from assignments.services.people.unique_names import find_taken, is_taken

MOST_VIEWS = 30


@transaction.atomic
def save_view(*, user: User, name: str, query: str) -> SavedView:
    """Save `query` under `name` and return the view.

    The user's view of that name, by `find_taken`, gets both. Raises AssignmentRefused
    for a new name if they have 30 views already.
    """
    views = SavedView.objects.filter(user=user)
    known_id = find_taken(views, name)
    if known_id is None and views.count() >= MOST_VIEWS:
        raise AssignmentRefused(
            f"You have {MOST_VIEWS} views, which is the most. Remove one first."
        )
    view, _ = SavedView.objects.update_or_create(
        user=user,
        **({"name": name} if known_id is None else {"pk": known_id}),
        defaults={"name": name, "query": query},
    )
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str) -> None:
    """Rename a view.

    Raises AssignmentRefused if its user has another of this name, by `is_taken`.
    """
    if is_taken(SavedView.objects.filter(user=view.user).exclude(pk=view.pk), name):
        raise AssignmentRefused(f"You have another view called “{name}”.")
    view.name = name
    view.save(update_fields=["name"])


def remove_view(view: SavedView) -> None:
    view.delete()
