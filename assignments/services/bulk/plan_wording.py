"""Words for a plan that nobody typed: the name of its batch, and the reason."""

from collections import Counter
from collections.abc import Container, Sequence

from assignments.models import Lead, Member, SavedPlan, User
from assignments.models.assignment import Cause
from assignments.models.plan import PlanEntry, StrategyKind
from assignments.services.bulk.allocation import PlanPart
from assignments.services.ledger import batch_names

HOW_SPREAD = {
    StrategyKind.MEMBER: "among several",
    StrategyKind.ROUND_ROBIN: "in turn",
    StrategyKind.LEAST_BUSY: "evenly by open work",
    StrategyKind.TERRITORY: "by territory",
    StrategyKind.EXPERTISE: "by expertise",
}


def name_of_batch(plan: SavedPlan, *, without: Container[int]) -> str:
    """Return the name of the plan's batch; the leads in `without` do not move."""
    if plan.about and plan.wish.get("retry"):
        return batch_names.retry_name(plan.about)
    if plan.about:
        return batch_names.undo_name(plan.about)
    moving = [
        entry
        for entry in plan.entries()
        if entry.to_id is not None and entry.lead_id not in without
    ]
    gains = Counter(entry.to_id for entry in moving if entry.to_id is not None)
    members = Member.objects.in_bulk(list(gains))
    return batch_names.batch_name(_subject(plan, moving), gains, members)


def _subject(plan: SavedPlan, moving: Sequence[PlanEntry]) -> str:
    """Return what the plan is about: as the form said, or who leaves, or the leads."""
    if plan.leaver:
        return f"Leads of {plan.leaver}"
    if plan.cause == Cause.REBALANCE:
        return "Rebalance"
    if said := plan.wish.get("subject"):
        return str(said)
    if len(moving) == 1 and (lead := Lead.objects.filter(pk=moving[0].lead_id).first()):
        return f"{lead}"
    return f"{len(moving):,} leads"


def default_reason(parts: Sequence[PlanPart], plan: SavedPlan, actor: User) -> str:
    """Return the reason of a plan for which nobody gave one: who did what with how many."""
    leads = plan.moving or plan.total
    count = f"{leads:,} lead{'' if leads == 1 else 's'}"
    wishes = [part.wish for part in parts]
    if plan.cause == Cause.REBALANCE:
        return f"{actor} levelled the load of the team: {count}."
    if len(wishes) == 1 and wishes[0].strategy == StrategyKind.MEMBER:
        return f"{actor} chose {wishes[0].members[0]} for {count}."
    if plan.leaver:
        return f"{plan.leaver} is leaving: {actor} gave {count} away."
    return f"{actor} spread {count} {HOW_SPREAD[wishes[0].strategy]}."
