from typing import Self

from django.db import models
from django.db.models import Q

from assignments.models.text_fields import NameField, SentenceField


class EventKind(models.TextChoices):
    """The subject of an event, whichever of its names Smartlead uses."""

    REPLY = "reply", "Reply"
    SENT = "sent", "Mail of ours"
    CATEGORY = "category", "Category"
    LOOK = "look", "Something that only a read can tell"
    OTHER = "other", "Nothing that Handoff shows"


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def due(self, at: object) -> Self:
        """Return events to be tried, for the first time or again, whose `retry_at` is
        at or before `at`.
        """
        return self.filter(retry_at__lte=at)


class WebhookEvent(models.Model):
    """One event that Smartlead has sent, kept once however often it came."""

    class State(models.TextChoices):
        WAITING = "waiting", "Not taken in yet"
        DONE = "done", "Taken in"
        IGNORED = "ignored", "Nothing to do"
        UNMATCHED = "unmatched", "Could not be matched"
        FAILED = "failed", "Failed"
        TEST = "test", "A test"

    # Digest of what tells it apart; the same event sent again has the same.
    key = models.CharField(max_length=64, unique=True)
    # As Smartlead calls it.
    type = NameField(max_length=60, blank=True)
    kind = models.CharField(max_length=10, choices=EventKind)
    # No foreign key: it may come before its lead.
    map_id = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # What was done, or what went wrong: one finished sentence.
    outcome = SentenceField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    # What is needed to take it in, without any secret; emptied once that is done.
    content = models.JSONField(default=dict)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["received_at"], name="webhook_by_arrival"),
            models.Index(
                fields=["settled_at"],
                name="webhook_settled",
                condition=Q(settled_at__isnull=False),
            ),
            models.Index(
                fields=["retry_at"],
                name="webhook_to_retry",
                condition=Q(retry_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_webhook_event_is_settled_or_open",
                condition=Q(state__in=("waiting", "failed"), settled_at=None)
                | Q(
                    state__in=("done", "ignored", "unmatched", "test"),
                    settled_at__isnull=False,
                    retry_at=None,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class WebhookRefusal(models.Model):
    """The number of requests refused at our address on one day for one reason."""

    class Reason(models.TextChoices):
        SIGNATURE = "signature", "The signature is wrong"
        SECRET = "secret", "The secret key is another one"
        UNREADABLE = "unreadable", "The body is no event"
        TOO_LARGE = "too_large", "The body is too large"

    day = models.DateField()
    reason = models.CharField(max_length=10, choices=Reason)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("-day", "reason")
        constraints = [
            models.UniqueConstraint(
                name="refusals_are_counted_by_day", fields=["day", "reason"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}, {self.day}: {self.count}"
