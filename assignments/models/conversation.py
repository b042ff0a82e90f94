from typing import Self

from django.db import models
from django.db.models.functions import Coalesce

from assignments.models.lead import NEVER
from assignments.models.text_fields import NameField, PlainField, PlainTextField

BY_EVENT = "event "  # before the key of a mail that only an event told of


class MessageQuerySet(models.QuerySet["Message"]):
    def told_by_events(self) -> Self:
        """Return mails that only webhooks told of; they go if no conversation brings
        them.
        """
        return self.filter(key__startswith=BY_EVENT)

    def confirmed(self) -> Self:
        return self.exclude(key__startswith=BY_EVENT)

    def newest_first(self) -> Self:
        """Order by time, the newest first, then by id; mails without a time come last,
        alike on every database.
        """
        dated = self.annotate(moment=Coalesce("at", models.Value(NEVER)))
        return dated.order_by("-moment", "-pk")

    def older_than(self, mail: "Message") -> Self:
        """Return the mails that `newest_first` puts after `mail`, in no order."""
        moment = mail.at or NEVER
        dated = self.annotate(moment=Coalesce("at", models.Value(NEVER)))
        return dated.filter(
            models.Q(moment__lt=moment) | models.Q(moment=moment, pk__lt=mail.pk)
        )


class Message(models.Model):
    """One mail of a lead's conversation, as Smartlead holds it. The body is hostile.

    Pages show what the parser has made of the body; whatever an older parser made, or
    none, is parsed again by the worker: `parser_version` is its queue.
    """

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
    # Bounded, and without the data of embedded pictures.
    body_html = models.TextField(blank=True)
    body_cut = models.PositiveIntegerField(default=0)  # characters that are not kept
    is_bounce = models.BooleanField(default=False)
    is_automatic = models.BooleanField(default=False)
    attachments = models.JSONField(default=list)

    # What the parser has made of the body (`services.mail_content`); 0: none has yet.
    parser_version = models.PositiveSmallIntegerField(default=0)
    preview = PlainField(max_length=200, blank=True)  # own words on one line
    own_text = PlainTextField(blank=True)  # the beginning of them, with line breaks
    display_html = models.TextField(blank=True)  # sanitised
    images = models.PositiveIntegerField(default=0)  # shown as placeholders
    characters_cut = models.PositiveIntegerField(default=0)  # not in `display_html`
    is_unreadable = models.BooleanField(default=False)  # the parser failed on it

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("at", "id")
        indexes = [
            models.Index(fields=["parser_version", "-id"], name="message_to_be_parsed"),
        ]
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
    parser_version = models.PositiveSmallIntegerField(default=0)
    display_html = models.TextField(blank=True)  # sanitised, from the text
    author = NameField(max_length=200, blank=True)
    created_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at", "id")
        indexes = [models.Index(fields=["parser_version"], name="note_to_be_parsed")]
        constraints = [
            models.UniqueConstraint(
                name="a_smartlead_note_is_kept_once", fields=["lead", "smartlead_id"]
            )
        ]

    def __str__(self) -> str:
        return f"Note {self.smartlead_id}"
