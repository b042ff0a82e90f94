"""Template tags for the system page: states and counts in words."""

from collections.abc import Sequence
from datetime import datetime

from django.template import Library
from django.template.defaultfilters import floatformat

from assignments.chat.services import service_name
from assignments.models import Heartbeat, SyncSource, User
from assignments.services.operations.queue_counts import QueueCounts
from assignments.services.operations.status import SystemOverview
from dashboard.templatetags.handoff import age

register = Library()


register.filter("chat_service", service_name)


@register.filter
def last_beats(beats: Sequence[Heartbeat], at: datetime) -> str:
    """Return the age of each heartbeat at `at`, in the order given; empty without any.

    `worker: 4 s ago (reading leads); web: 2 s ago`. The detail is left out if it is
    empty.
    """
    said = []
    for beat in beats:
        detail = f" ({beat.detail})" if beat.detail else ""
        said.append(f"{beat.name}: {age(beat.beat_at, at)} ago{detail}")
    return "; ".join(said)


@register.filter
def what_waits(queue: QueueCounts) -> str:
    """Return what waits by kind, then what is being sent and the number of notes.

    `3 manual, 12 bulk; 1 sending, 2 notes.` Without kinds it begins with `No assignment
    waits`.
    """
    waiting = [f"{count} {name.lower()}" for name, count in queue.waiting.items()]
    listed = ", ".join(waiting) or "No assignment waits"
    notes = f"{queue.notes} note{'' if queue.notes == 1 else 's'}"
    return f"{listed}; {queue.sending} sending, {notes}."


@register.filter
def calls_used(system: SystemOverview) -> str:
    """Return used and allowed calls of each window of the budget: `3 of 8, 21 of 55`."""
    return ", ".join(
        f"{window.used} of {window.limit:,}" for window in system.budget.windows
    )


@register.filter
def call_spans(system: SystemOverview) -> str:
    """Return the lengths of the budget's windows: `2 s and 60 s`."""
    return " and ".join(
        f"{floatformat(window.seconds)} s" for window in system.budget.windows
    )


@register.filter
def by_whom(user: User | None) -> str:
    return f" by {user}" if user else ""


@register.filter
def filter_proof(source: SyncSource) -> str:
    """Return `Filter: filters by owner.` or another state of the source's proof, then
    its detail. Empty if it is not tried yet and there is no detail.
    """
    if not source.proof_detail and source.proof == SyncSource.Proof.UNPROVEN:
        return ""
    return f"Filter: {source.get_proof_display().lower()}. {source.proof_detail}"
