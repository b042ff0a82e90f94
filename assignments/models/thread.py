from typing import Self

from django.db import models

from assignments.models.text_fields import NameField, PlainTextField

BY_EVENT = "event "  # before the key of a mail that only an event told of


class MessageQuerySet(models.QuerySet["Message"]):
    def told_by_events(self) -> Self:
        """What no conversation has brought yet: it may be wrong, and does not stay."""
        return self.filter(key__startswith=BY_EVENT)

    def confirmed(self) -> Self:
        return self.exclude(key__startswith=BY_EVENT)


class Message(models.Model):
    """One mail of a lead's conversation, as Smartlead holds it. The body is hostile."""

    class Direction(models.TextChoices):
        SENT = "sent", "Sent"
        REPLY = "reply", "Reply"

    lead = models.ForeignKey("Lead", on_delete=models.PROTECT, related_name="messages")
    key = models.CharField(max_length=300)
    direction = models.CharField(max_length=5, choices=Direction)
    sender = NameField(max_length=320, blank=True)
    recipient = NameField(max_length=320, blank=True)
    cc = models.JSONField(default=list)
    at = models.DateTimeField(null=True)
    subject = NameField(max_length=998, blank=True)
    body_html = models.TextField(blank=True)
    is_bounce = models.BooleanField(default=False)
    attachments = models.JSONField(default=list)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(
                name="a_message_is_kept_once_per_lead", fields=["lead", "key"]
            )
        ]

    def __str__(self) -> str:
        return self.subject or self.key


class LeadNote(models.Model):
    """A note read back from Smartlead, whoever wrote it."""

    lead = models.ForeignKey(
        "Lead", on_delete=models.PROTECT, related_name="smartlead_notes"
    )
    smartlead_id = models.BigIntegerField()
    text = PlainTextField(blank=True)
    author = NameField(max_length=200, blank=True)
    created_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = [
            models.UniqueConstraint(
                name="a_smartlead_note_is_kept_once", fields=["lead", "smartlead_id"]
            )
        ]

    def __str__(self) -> str:
        return f"Note {self.smartlead_id}"
