"""Recalculation of deadlines after a change of targets, hours, days off or zones.

The first CHUNK leads at once, the rest in the background. The progress is saved
(`WorkingHours.due_from`), so a killed worker loses nothing; a new change starts over.
"""

from django.db import transaction

from assignments.models import Lead, WorkingHours
from assignments.services.sla import policy
from assignments.services.sla.deadlines import update_deadlines
from assignments.task_queue import nudge_deadlines

CHUNK = 500


@transaction.atomic
def recalculate_all() -> None:
    """Recalculate the first CHUNK deadlines now, and queue a task for the rest.

    Call it after saving the change they depend on. All of it is one transaction.
    """
    restart()
    continue_recalculation()


def restart() -> None:
    """Mark all deadlines as outdated (`due_from` 0); nothing is recalculated yet.

    It locks the row of default hours, created if missing, until the transaction ends,
    and waits for a chunk that runs. Take this lock before those of leads.
    """
    policy.default_hours()
    WorkingHours.objects.filter(pk=1).update(due_from=0)


def continue_recalculation() -> None:
    """Recalculate the next chunk now and queue a task if there are more."""
    recalculate_chunk()
    if is_unfinished():
        nudge_deadlines()


def is_unfinished() -> bool:
    """Return whether some deadlines are still those of old targets or hours."""
    return WorkingHours.objects.filter(due_from__isnull=False).exists()


@transaction.atomic
def recalculate_chunk() -> int:
    """Recalculate and save the deadlines of the next CHUNK leads that owe an answer, by
    id.

    Return how many leads there were, 0 also if nothing is outdated. The progress is
    saved, and cleared when fewer than CHUNK are left. A change of the hours waits for
    the chunk.
    """
    hours = WorkingHours.objects.select_for_update().filter(pk=1).first()
    if hours is None or hours.due_from is None:
        return 0
    owing = Lead.objects.filter(answer_owed=True, pk__gte=hours.due_from)
    locked = owing.select_for_update(of=("self",)).order_by("map_id")
    leads = list(locked[:CHUNK])
    save_deadlines(leads)
    is_last = len(leads) < CHUNK
    WorkingHours.objects.filter(pk=1).update(
        due_from=None if is_last else leads[-1].pk + 1
    )
    return len(leads)


def save_deadlines(leads: list[Lead]) -> None:
    """Recalculate the deadlines of these leads and save the changed ones.

    Only `answer_due_at` is saved. The caller has locked the leads.
    """
    changed = update_deadlines(leads, policy.SlaPolicy())
    if changed:
        # They exist and are locked. bulk_update would build a CASE for each of them.
        Lead.objects.bulk_create(
            [lead for lead in leads if lead.pk in changed],
            update_conflicts=True,
            unique_fields=["map_id"],
            update_fields=["answer_due_at"],
        )
