"""Leads that wait for our answer: the last mail of an open conversation is theirs.

Categories that close the conversation, and those of automatic answers, owe none.

The result is kept on the lead (`answer_owed`), so that the inbox filters by a column.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from assignments.models import Category, Lead
from assignments.services.sla import recalculate

_THEIRS = Q(last_reply_at__isnull=False) & (
    Q(last_sent_at=None) | Q(last_reply_at__gt=F("last_sent_at"))
)
OWED = _THEIRS & (
    Q(category=None) | Q(category__is_closing=False, category__owes_no_answer=False)
)


def is_answer_owed(
    *,
    last_reply_at: datetime | None,
    last_sent_at: datetime | None,
    category: Category | None,
) -> bool:
    """Return whether the last mail is theirs, later than our last one, and the category
    owes an answer. False without a reply.
    """
    if last_reply_at is None or (category and not category.owes_answer):
        return False
    return last_sent_at is None or last_reply_at > last_sent_at


@transaction.atomic
def refresh_answers_owed(leads: QuerySet[Lead]) -> None:
    """Recompute and save `answer_owed` of these leads; clear the deadlines of those
    owing none.

    Called after a category came to owe answers or none. Then the deadlines of all leads are
    recalculated, the first chunk at once and the rest by a task.
    """
    recalculate.restart()
    ids = leads.order_by("map_id").values_list("map_id", flat=True)
    chosen = Lead.objects.filter(pk__in=ids.values("map_id"))
    list(chosen.select_for_update().order_by("map_id").values_list("map_id"))
    owed = Lead.objects.filter(OWED)
    chosen.filter(pk__in=owed.values("map_id")).update(answer_owed=True)
    chosen.exclude(pk__in=owed.values("map_id")).update(
        answer_owed=False, answer_due_at=None
    )
    recalculate.continue_recalculation()
