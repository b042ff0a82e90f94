"""Who owes the next answer: us, if the last word of an open conversation is theirs.

The result stands on the lead, so that the inbox filters and sorts by plain columns.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from assignments.models import Lead

_THEIRS = Q(last_reply_at__isnull=False) & (
    Q(last_sent_at=None) | Q(last_reply_at__gt=F("last_sent_at"))
)
OWED = _THEIRS & (Q(category=None) | Q(category__is_closing=False))


def answer_due(
    *,
    last_reply_at: datetime | None,
    last_sent_at: datetime | None,
    is_closed: bool,
    within_hours: int,
) -> datetime | None:
    """When the answer is due; None if none is owed."""
    if last_reply_at is None or is_closed:
        return None
    if last_sent_at is not None and last_reply_at <= last_sent_at:
        return None
    return last_reply_at + timedelta(hours=within_hours)


@transaction.atomic
def refresh_answers(leads: QuerySet[Lead], *, within_hours: int) -> None:
    """Work the answers out anew: a category or the hours mean something else now."""
    ids = leads.order_by("map_id").values_list("map_id", flat=True)
    chosen = Lead.objects.filter(pk__in=ids.values("map_id"))
    list(chosen.select_for_update().order_by("map_id").values_list("map_id"))
    owed = Lead.objects.filter(OWED)
    chosen.filter(pk__in=owed.values("map_id")).update(
        answer_owed=True,
        answer_due_at=F("last_reply_at") + timedelta(hours=within_hours),
    )
    chosen.exclude(pk__in=owed.values("map_id")).update(
        answer_owed=False, answer_due_at=None
    )
