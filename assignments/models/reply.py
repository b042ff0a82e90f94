from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q


class MailEvent(models.Model):
    """The time and kind of a mail of a lead, however Smartlead told of it.

    Of all leads; bodies stand in `Message`, of leads that were opened.
    """

    class Kind(models.TextChoices):
        SENT = "sent", "Sent"
        REPLY = "reply", "Reply"
        BOUNCE = "bounce", "Bounce"
        AUTOMATIC = "auto", "Automatic answer"
        OWN = "own", "Sent, though Smartlead tells it as a reply"

    lead = models.ForeignKey("Lead", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    kind = models.CharField(max_length=6, choices=Kind)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_mail_is_seen_once", fields=["lead", "at", "kind"]
            )
        ]
        indexes = [
            # Who replied in a period.
            models.Index(
                fields=["at", "lead"], name="mail_replies", condition=Q(kind="reply")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


class Reply(models.Model):
    """A reply and our answer to it; replies that followed before the answer are part of it.

    Derived from the mails, the ledger and the holds, and made anew when one is learnt.
    Only `due_at` is a memory: what was promised when the answer was first seen.
    """

    lead = models.ForeignKey("Lead", on_delete=models.PROTECT, related_name="replies")
    replied_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    # Who had the lead when it was answered, by the ledger.
    owner = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Whose lead it was, if it was held for somebody away.
    covering_for = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_at = models.DateTimeField(null=True)
    minutes = models.PositiveIntegerField(null=True)

    if TYPE_CHECKING:
        lead_id: int
        owner_id: int | None
        covering_for_id: int | None

    class Meta:
        verbose_name_plural = "replies"
        indexes = [
            models.Index(
                fields=["answered_at", "owner"],
                name="reply_answered",
                condition=Q(answered_at__isnull=False),
            ),
            models.Index(
                fields=["owner", "answered_at"],
                name="reply_by_owner",
                condition=Q(answered_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="a_reply_is_recorded_once", fields=["lead", "replied_at"]
            ),
            models.CheckConstraint(
                name="an_answer_follows_its_reply",
                condition=Q(answered_at=None) | Q(answered_at__gte=F("replied_at")),
            ),
            models.CheckConstraint(
                name="only_an_answer_has_its_credit",
                condition=Q(answered_at__isnull=False, minutes__isnull=False)
                | Q(
                    answered_at=None,
                    minutes=None,
                    due_at=None,
                    owner=None,
                    covering_for=None,
                ),
            ),
            models.CheckConstraint(
                name="nobody_covers_for_themselves",
                condition=Q(covering_for=None) | ~Q(covering_for=F("owner")),
            ),
        ]

    def __str__(self) -> str:
        return f"Reply of lead {self.lead_id} at {self.replied_at}"
