"""Meanings of categories, and the personal settings of users."""

from datetime import datetime

from django.db import transaction

from assignments.models import Account, Category, Lead, User
from assignments.services import account as accounts
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.sla.answers_owed import refresh_answers_owed


@transaction.atomic
def set_category_meaning(
    *,
    actor: User,
    category: Category,
    is_closing: bool,
    is_interested: bool,
    owes_no_answer: bool,
) -> None:
    """Save what a category means as set by hand, so that syncs leave it alone.

    Nothing is saved if nothing changes; if it owes answers now or no longer, those owed
    by its leads are recomputed. Raises NotAllowed unless `actor` is a manager,
    AssignmentRefused if it means interest and also closes or owes no answer.
    """
    require_manager(actor, "decide what a category means")
    said = {
        "is_closing": is_closing,
        "is_interested": is_interested,
        "owes_no_answer": owes_no_answer,
    }
    _check_meaning(category, said)
    if all(getattr(category, name) == value for name, value in said.items()):
        return
    owed_answer = category.owes_answer
    for name, value in said.items():
        setattr(category, name, value)
    category.set_by_hand = True
    category.save()
    if category.owes_answer != owed_answer:
        refresh_answers_owed(Lead.objects.filter(category=category))


def _check_meaning(category: Category, said: dict[str, bool]) -> None:
    """Raise AssignmentRefused if it means interest and also closes or is automatic."""
    if not said["is_interested"]:
        return
    if said["is_closing"]:
        raise AssignmentRefused(
            f"“{category}” cannot close the conversation and mean interest."
        )
    if said["owes_no_answer"]:
        raise AssignmentRefused(
            f"“{category}” cannot mean interest and be an automatic answer."
        )


@transaction.atomic
def confirm_categories(*, actor: User, at: datetime) -> None:
    """Store `at` as the time at which the meanings of all categories were checked.

    Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, "decide what a category means")
    Account.objects.filter(pk=accounts.current_account().pk).update(
        categories_confirmed_at=at
    )


def answer_zone_offer(*, user: User, time_zone: str | None, at: datetime) -> None:
    """Store that a user has answered the offer of their browser's time zone.

    `time_zone` becomes theirs, unchecked; None keeps the one they have.
    """
    user.zone_answered_at = at
    if time_zone is not None:
        user.time_zone = time_zone
    user.save(update_fields=["zone_answered_at", "time_zone"])


def save_own_preferences(
    *, user: User, theme: str, density: str, time_zone: str, single_keys: bool
) -> None:
    """Save theme, density, time zone and keyboard setting of a user, unchecked."""
    user.theme = theme
    user.density = density
    user.time_zone = time_zone
    user.single_keys = single_keys
    user.save(update_fields=["theme", "density", "time_zone", "single_keys"])
