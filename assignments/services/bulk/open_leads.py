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


def owned_open_counts(seen: Q | None = None) -> Counter[int]:
    """Return open leads by owner id, a member may be missing: the count on Team, in the
    picker and behind `owner=…&status=open`. Pending changes are not looked at.

    `seen`: the condition of the leads that count; without it all, also for a picker:
    it tells how full a member is.
    """
    # Grouped by category too, so that the index alone answers the query.
    closing = closing_category_ids()
    rows = Lead.objects.replied().filter(seen or Q(), owner__isnull=False).order_by()
    counts: Counter[int] = Counter()
    for owner, category, count in rows.values_list("owner", "category").annotate(
        # Not the key: on SQLite that one is not in the index.
        Count("owner")
    ):
        if category not in closing:
            counts[owner] += count
    return counts


def coming_open_counts() -> Counter[int]:
    """Return, by member id, how many open leads pending changes bring them, less those
    that they take from them; a member may be missing.
    """
    newest = Assignment.objects.last_pending().filter(
        lead__in=Lead.objects.filter(is_open())
    )
    moves = newest.order_by().values_list("lead__owner", "to").annotate(Count("pk"))
    coming: Counter[int] = Counter()
    for owner, to, count in moves:
        coming[to] += count
        if owner is not None:
            coming[owner] -= count
    return coming


def open_lead_counts() -> Counter[int]:
    """Return open leads by member id; a member may be missing.

    A lead counts to the target of its newest pending change, or else to its owner.
    """
    loads = owned_open_counts()
    loads.update(coming_open_counts())
    return loads
