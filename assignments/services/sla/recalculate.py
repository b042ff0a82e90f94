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
    """Recalculate all deadlines; call it after saving the change they depend on."""
    restart()
    continue_recalculation()


def restart() -> None:
    """Mark all deadlines as outdated.

    Also a lock, to be taken before those of leads: it waits for a chunk that runs.
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
    """Recalculate the next CHUNK leads that owe an answer; return how many there were.

    A change of the hours waits for the chunk, so none is written with old hours.
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
    """Recalculate and save the deadlines of these leads, which the caller has locked."""
    changed = update_deadlines(leads, policy.SlaPolicy())
    if changed:
        # They exist and are locked. bulk_update would build a CASE for each of them.
        Lead.objects.bulk_create(
            [lead for lead in leads if lead.pk in changed],
            update_conflicts=True,
            unique_fields=["map_id"],
            update_fields=["answer_due_at"],
        )
