"""Changes of targets: how soon a reply must be answered."""

from django.db import transaction

from assignments.models import Campaign, Category, SlaTarget, User
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.sla.recalculate import recalculate_all, restart

MOST_MINUTES = 90 * 24 * 60
_ACT = "change how soon a reply must be answered"


@transaction.atomic
def save_target(
    *,
    actor: User,
    campaign: Campaign | None,
    category: Category | None,
    minutes: int,
    in_working_hours: bool,
    at_breach: str,
    target: SlaTarget | None = None,
) -> SlaTarget:
    """Create a target or change `target`, recalculate all deadlines, and return it.

    Campaign or category None: all. Raises NotAllowed, or AssignmentRefused: not 1 to
    MOST_MINUTES minutes, a second target for these leads, or `target` was removed.
    """
    require_manager(actor, _ACT)
    if not 1 <= minutes <= MOST_MINUTES:
        raise AssignmentRefused(
            "A target leaves at least a minute and at most 90 days for the answer."
        )
    restart()  # a lock: somebody saving the same target waits here and is refused
    if target and not SlaTarget.objects.filter(pk=target.pk).exists():
        raise AssignmentRefused("Somebody has removed this target. Add a new one.")
    target = target or SlaTarget()
    same = SlaTarget.objects.filter(campaign=campaign, category=category)
    if same.exclude(pk=target.pk).exists():
        raise AssignmentRefused(
            "There is a target for these leads already. Change that one."
        )
    target.campaign, target.category = campaign, category
    target.minutes, target.in_working_hours = minutes, in_working_hours
    target.at_breach = at_breach
    target.save()
    recalculate_all()
    return target


@transaction.atomic
def remove_target(*, actor: User, target: SlaTarget) -> None:
    """Delete the target and recalculate all deadlines.

    Its leads use the next target that fits, or have no deadline. Raises NotAllowed.
    """
    require_manager(actor, _ACT)
    target.delete()
    recalculate_all()
