"""When answers fall due is worked out anew after a change of targets, hours or zones.

Some hundred leads at once, and the rest in the background: how far it has come is kept,
so a killed worker costs nothing, and a further change begins from the start.
"""

from django.db import transaction

from assignments.models import Lead, WorkingHours
from assignments.services.sla import policy
from assignments.services.sla.deadlines import work_out
from assignments.task_queue import nudge_dues

CHUNK = 500


@transaction.atomic
def recount() -> None:
    """Targets, hours, days off or a zone have changed; the caller has saved that."""
    start_over()
    carry_on()


def start_over() -> None:
    """Also a lock, taken before those of leads: a chunk that runs comes to its end."""
    policy.default_hours()
    WorkingHours.objects.filter(pk=1).update(due_from=0)


def carry_on() -> None:
    work_out_chunk()
    if is_unfinished():
        nudge_dues()


def is_unfinished() -> bool:
    return WorkingHours.objects.filter(due_from__isnull=False).exists()


@transaction.atomic
def work_out_chunk() -> int:
    """The next leads that owe an answer; how many there were.

    Who changes the hours waits for the chunk, so that no chunk is written by old ones.
    """
    hours = WorkingHours.objects.select_for_update().filter(pk=1).first()
    if hours is None or hours.due_from is None:
        return 0
    owing = Lead.objects.filter(answer_owed=True, pk__gte=hours.due_from)
    locked = owing.select_for_update(of=("self",)).order_by("map_id")
    leads = list(locked[:CHUNK])
    save_dues(leads)
    is_last = len(leads) < CHUNK
    WorkingHours.objects.filter(pk=1).update(
        due_from=None if is_last else leads[-1].pk + 1
    )
    return len(leads)


def save_dues(leads: list[Lead]) -> None:
    changed = work_out(leads, policy.Book())
    if changed:
        # They exist and are locked. bulk_update would build a CASE for each of them.
        Lead.objects.bulk_create(
            [lead for lead in leads if lead.pk in changed],
            update_conflicts=True,
            unique_fields=["map_id"],
            update_fields=["answer_due_at"],
        )
