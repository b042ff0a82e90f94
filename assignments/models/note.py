from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.text_fields import PlainTextField, SentenceField


class NoteQuerySet(models.QuerySet["Note"]):
    def pending(self) -> Self:
        # The end is empty just then; it is what lets SQLite use the index of these rows.
        return self.filter(state__in=("waiting", "sending"), finished_at=None)

    def rooted(self) -> Self:
        """Return notes whose assignment is done, or that have none."""
        return self.filter(Q(assignment=None) | Q(assignment__state="done"))


class Note(models.Model):
    """A text that Handoff adds to a lead in Smartlead, after its assignment is done.

    One that somebody wrote by itself explains no assignment and waits for none. Sent by
    the dispatcher like an assignment. Smartlead can neither change nor delete a note, so
    `reference`, part of the text, tells ours apart when it is read back.
    """

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", "On assignment"
        START = "start", "At the start of a coverage"
        RETURN = "return", "At the return"
        WRITTEN = "written", "Written by itself"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        DONE = "done", "Sent"
        REFUSED = "refused", "Refused"
        UNCONFIRMED = "unconfirmed", "Perhaps sent"
        CANCELLED = "cancelled", "Not sent"

    lead = models.ForeignKey("Lead", on_delete=models.PROTECT, related_name="notes")
    assignment = models.ForeignKey(
        "Assignment", on_delete=models.PROTECT, null=True, related_name="notes"
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ASSIGNED)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    text = PlainTextField()
    reference = models.CharField(max_length=12, unique=True)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    outcome = SentenceField(max_length=500, blank=True)
    smartlead_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    settle_at = models.DateTimeField(null=True)
    sends = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    first_failed_at = models.DateTimeField(null=True)

    objects = NoteQuerySet.as_manager()

    if TYPE_CHECKING:
        lead_id: int
        assignment_id: int | None

    class Meta:
        indexes = [
            models.Index(
                fields=["state", "id"],
                name="note_queue",
                condition=Q(finished_at=None),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_note_per_assignment_and_kind", fields=["assignment", "kind"]
            ),
            models.CheckConstraint(
                name="only_a_written_note_stands_alone",
                condition=Q(kind="written", assignment=None, author__isnull=False)
                | (~Q(kind="written") & Q(assignment__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_sending_note_has_a_claim",
                condition=~Q(state="sending")
                | (~Q(token="") & Q(lease_until__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_final_note_has_its_end",
                condition=Q(state__in=("waiting", "sending"), finished_at=None)
                | Q(
                    state__in=("done", "refused", "unconfirmed", "cancelled"),
                    finished_at__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Note {self.reference}"

    @property
    def is_pending(self) -> bool:
        return self.finished_at is None

    @property
    def full_text(self) -> str:
        """Return the text as it is sent: an empty line and "<author> · <reference>"
        follow it. The author is "Handoff" if there is none.
        """
        return f"{self.text}\n\n{self.author or 'Handoff'} · {self.reference}"
