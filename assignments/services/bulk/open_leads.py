"""Open leads by member, counted with the member each lead is on its way to."""

from collections import Counter

from django.db.models import Count, Q

from assignments.models import Assignment, Category, Lead


def closing_category_ids() -> frozenset[int]:
    """Return the ids of the categories with `is_closing`."""
    closing = Category.objects.filter(is_closing=True)
    return frozenset(closing.values_list("pk", flat=True))


def is_open() -> Q:
    """Return the condition for leads not gone, with a reply, in no closing category.

    As `Lead.objects.open()`, without a join; the categories are read at once.
    """
    closing = closing_category_ids()
    return Q(gone_at=None, last_reply_at__isnull=False) & (
        Q(category=None) | ~Q(category__in=closing)
    )


def is_interested() -> Q:
    """Return the condition for open leads whose category means interest."""
    interested = Category.objects.filter(is_interested=True)
    return is_open() & Q(category__in=list(interested.values_list("pk", flat=True)))


def open_lead_counts() -> Counter[int]:
    """Return open leads by member id; a member may be missing.

    A lead counts to the target of its newest pending change, or else to its owner.
    """
    owned = Lead.objects.filter(is_open(), owner__isnull=False).order_by()
    loads = Counter(dict(owned.values_list("owner").annotate(Count("pk"))))
    on_the_way = Assignment.objects.pending().filter(
        lead__in=Lead.objects.filter(is_open())
    )
    moves = on_the_way.order_by("pk").values_list("lead", "lead__owner", "to")
    newest = {lead: (owner, to) for lead, owner, to in moves}
    for owner, to in newest.values():
        loads[to] += 1
        if owner is not None:
            loads[owner] -= 1
    return loads
