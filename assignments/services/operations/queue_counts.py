"""Numbers of what waits to be sent to Smartlead, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from assignments.models import Assignment, Note
from assignments.models.assignment import State, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyCount:
    """The rows of one urgency that wait, and since when the oldest of them does."""

    waiting: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """Pending assignments by urgency, without those that are being sent, and notes.

    `notes` and `oldest_note_at` are about all notes that have not arrived.
    """

    by_urgency: Mapping[Urgency, UrgencyCount]
    sending: int
    notes: int
    oldest_note_at: datetime | None

    @property
    def waiting(self) -> dict[str, int]:
        """Return the numbers of waiting assignments by the name of their urgency."""
        return {urgency.label: row.waiting for urgency, row in self.by_urgency.items()}

    @property
    def oldest_at(self) -> datetime | None:
        moments = (row.oldest_at for row in self.by_urgency.values())
        return min(moments, default=None)

    @property
    def total(self) -> int:
        return sum(self.waiting.values()) + self.sending + self.notes


def queue_counts() -> QueueCounts:
    pending = Assignment.objects.pending().order_by()
    waiting = pending.filter(state=State.WAITING).values("urgency")
    rows = waiting.annotate(waiting=Count("pk"), oldest_at=Min("created_at"))
    notes = Note.objects.pending().order_by()
    told = notes.aggregate(count=Count("pk"), oldest_at=Min("created_at"))
    return QueueCounts(
        by_urgency={
            Urgency(row["urgency"]): UrgencyCount(
                waiting=row["waiting"], oldest_at=row["oldest_at"]
            )
            for row in sorted(rows, key=lambda row: row["urgency"])
        },
        sending=pending.filter(state=State.SENDING).count(),
        notes=told["count"],
        oldest_note_at=told["oldest_at"],
    )
