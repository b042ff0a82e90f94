"""How many open leads each member has, counted where each lead will be."""

from collections import Counter

from django.db.models import Count, Q

from assignments.models import Assignment, Category, Lead


def closing_categories() -> frozenset[int]:
    closing = Category.objects.filter(is_closing=True)
    return frozenset(closing.values_list("pk", flat=True))


def is_open() -> Q:
    """As `Lead.objects.open()`, but by the ids of the categories: without a join."""
    closing = closing_categories()
    return Q(gone_at=None, last_reply_at__isnull=False) & (
        Q(category=None) | ~Q(category__in=closing)
    )


def open_leads() -> Counter[int]:
    """Open leads by member: with the owner, or where the newest change takes them."""
    open_ones = is_open()
    owned = Lead.objects.filter(open_ones, owner__isnull=False).order_by()
    loads = Counter(dict(owned.values_list("owner").annotate(Count("pk"))))
    on_the_way = Assignment.objects.pending().filter(
        lead__in=Lead.objects.filter(open_ones)
    )
    moves = on_the_way.order_by("pk").values_list("lead", "lead__owner", "to")
    newest = {lead: (owner, to) for lead, owner, to in moves}
    for owner, to in newest.values():
        loads[to] += 1
        if owner is not None:
            loads[owner] -= 1
    return loads
