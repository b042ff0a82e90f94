"""Meanings of categories, and the personal settings of users."""

from datetime import datetime

from django.db import transaction

from assignments.models import Account, Category, Lead, User
from assignments.services import account as accounts
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.sla.waiting import refresh_answers_owed


@transaction.atomic
def set_category_meaning(
    *, actor: User, category: Category, is_closing: bool, is_interested: bool
) -> None:
    """Decide by hand what a category means; syncs leave it alone from then on.

    Raises NotAllowed, or AssignmentRefused for a category that closes and means
    interest.
    """
    require_manager(actor, "decide what a category means")
    if is_closing and is_interested:
        raise AssignmentRefused(
            f"“{category}” cannot close the conversation and mean interest."
        )
    closes_differently = category.is_closing != is_closing
    if not closes_differently and category.is_interested == is_interested:
        return
    category.is_closing, category.is_interested = is_closing, is_interested
    category.set_by_hand = True
    category.save()
    if closes_differently:
        refresh_answers_owed(Lead.objects.filter(category=category))


@transaction.atomic
def confirm_categories(*, actor: User, at: datetime) -> None:
    """Record that the meanings of all categories have been checked.

    Raises NotAllowed.
    """
    require_manager(actor, "decide what a category means")
    Account.objects.filter(pk=accounts.current_account().pk).update(
        categories_confirmed_at=at
    )


def save_own_preferences(
    *, user: User, theme: str, density: str, time_zone: str, single_keys: bool
) -> None:
    """Save the looks, time zone and keyboard setting of a user."""
    user.theme = theme
    user.density = density
    user.time_zone = time_zone
    user.single_keys = single_keys
    user.save(update_fields=["theme", "density", "time_zone", "single_keys"])
