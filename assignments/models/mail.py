from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.text_fields import PlainField, PlainTextField, SentenceField

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from assignments.models.notification import Notification


class MailQuerySet(models.QuerySet["Mail"]):
    def by_mail(self) -> Self:
        """Return what goes to an address, not to a chat channel."""
        return self.filter(channel=None)

    def in_chat(self) -> Self:
        return self.filter(channel__isnull=False)

    def pending(self) -> Self:
        return self.filter(state__in=(Mail.State.WAITING, Mail.State.SENDING))

    def returned(self) -> Self:
        """Return refused mails that nobody has dismissed yet; no messages in chat."""
        return self.by_mail().filter(state=Mail.State.REFUSED, dismissed_at=None)


class Mail(models.Model):
    """One e-mail on its way to one address, or one message to one chat channel: the row
    is the queue.

    The id in the head of a mail is made with the row, so that mail programs recognise a
    repeat.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        REFUSED = "refused", "Refused"

    class Purpose(models.TextChoices):
        INVITATION = "invitation", "Invitation"
        RESET = "reset", "New password"
        NEW_ADDRESS = "new_address", "New mail address"
        NOTICE = "notice", "What was changed about the login"

    message_id = models.CharField(max_length=255, unique=True)
    # Who can choose what they get; None: a member without a login.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # As it was found: it may be no address at all, which is then the outcome.
    # Empty if it goes to a channel.
    address = models.CharField(max_length=254)
    channel = models.ForeignKey(
        "ChatChannel", on_delete=models.CASCADE, null=True, related_name="messages"
    )
    subject = PlainField(max_length=200)
    text = PlainTextField()
    html = PlainTextField()
    # Of a mail about the login itself, which nobody can turn off; else empty. Its link is
    # a secret: it is put in when the mail is sent.
    purpose = models.CharField(max_length=11, choices=Purpose, blank=True)
    # Somebody asked for it to see whether a channel works: it is sent even if not.
    is_test = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    outcome = SentenceField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    first_failed_at = models.DateTimeField(null=True)
    # Somebody has read that it was refused.
    dismissed_at = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    if TYPE_CHECKING:
        user_id: int | None
        channel_id: int | None
        notifications: RelatedManager[Notification]

    class Meta:
        indexes = [
            # Not partial: SQLite would not use it, the state comes as a parameter.
            models.Index(fields=["state", "dismissed_at"], name="mail_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_message_in_chat_has_no_address",
                condition=Q(channel=None) | Q(address=""),
            ),
            models.CheckConstraint(
                name="a_sending_mail_has_a_claim",
                condition=~Q(state="sending")
                | (~Q(token="") & Q(lease_until__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_final_mail_has_its_end",
                condition=Q(state__in=("waiting", "sending"), finished_at=None)
                | Q(state__in=("sent", "refused"), finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk}"


class MailServer(models.Model):
    """The state of the mail server; one row. While there is trouble the queue waits."""

    trouble_since = models.DateTimeField(null=True)
    trouble = SentenceField(max_length=500, blank=True)
    failures = models.PositiveIntegerField(default=0)
    try_again_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="one_mail_server", condition=Q(pk=1))
        ]

    def __str__(self) -> str:
        return self.trouble or "The mail server"
