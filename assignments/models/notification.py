from datetime import time
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.text_fields import SentenceField, SentenceTextField


class NotificationKind(models.TextChoices):
    """A kind of notification; each person chooses how to be told, for each kind."""

    ASSIGNED = "assigned", "Leads are given to you"
    TAKEN = "taken", "Leads are taken from you"
    COVERING = "covering", "You cover for somebody"
    RETURNED = "returned", "You are back"
    PROPOSED = "proposed", "Somebody proposes an absence"
    DECIDED = "decided", "Your absence is confirmed or declined"
    ATTENTION = "attention", "A coverage needs attention"
    OVERDUE = "overdue", "An answer is overdue"
    REVIEW = "review", "The weekly review"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def shown(self) -> Self:
        """Return notifications that their readers want to see in the app, read or not."""
        return self.filter(in_app=True)

    def unread(self) -> Self:
        return self.shown().filter(read_at=None)

    def to_mail(self) -> Self:
        """Return notifications that have still to go out by e-mail."""
        return self.filter(mail_waits=True)

    def to_chat(self) -> Self:
        """Return notifications that have still to go out to chat channels."""
        return self.filter(chat_waits=True)


class Notification(models.Model):
    """One thing told to one person, once: however many leads it is about.

    Its reader is a user; or a member without a login, who is told by e-mail only; or
    the chat channel of a team, in which the whole team reads it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="notifications",
    )
    member = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="notifications"
    )
    channel = models.ForeignKey(
        "ChatChannel", on_delete=models.CASCADE, null=True, related_name="notifications"
    )
    kind = models.CharField(max_length=10, choices=NotificationKind)
    # What it is about, so that it is told once: "batch-12", "coverage-3-start".
    key = models.CharField(max_length=100)
    subject = SentenceField(max_length=200)
    text = SentenceTextField(blank=True)
    # Where its leads are shown; a path of this site.
    path = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    in_app = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True)
    # Whether and how it is mailed is decided when a mail is made of what waits.
    mail_waits = models.BooleanField(default=False)
    mail = models.ForeignKey(
        "Mail", on_delete=models.PROTECT, null=True, related_name="notifications"
    )
    chat_waits = models.BooleanField(default=False, db_default=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_by_user"),
            models.Index(
                fields=["user"],
                name="notification_unread",
                condition=Q(in_app=True, read_at=None),
            ),
            models.Index(
                fields=["user", "member"],
                name="notification_to_mail",
                condition=Q(mail_waits=True),
            ),
            models.Index(
                fields=["user", "channel"],
                name="notification_to_chat",
                condition=Q(chat_waits=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_told_once", fields=["user", "key"]
            ),
            models.UniqueConstraint(
                name="a_member_is_told_once", fields=["member", "key"]
            ),
            models.UniqueConstraint(
                name="a_channel_is_told_once", fields=["channel", "key"]
            ),
            models.CheckConstraint(
                name="a_notification_has_one_reader",
                condition=Q(user__isnull=False, member=None, channel=None)
                | Q(user=None, member__isnull=False, channel=None)
                | Q(user=None, member=None, channel__isnull=False),
            ),
            models.CheckConstraint(
                name="a_notification_leads_to_a_page_of_ours",
                condition=Q(path__startswith="/") & ~Q(path__startswith="//"),
            ),
        ]

    if TYPE_CHECKING:
        user_id: int | None
        member_id: int | None
        channel_id: int | None

    def __str__(self) -> str:
        return self.subject


class ByMail(models.TextChoices):
    AT_ONCE = "at_once", "At once"
    DIGEST = "digest", "In the daily digest"
    NO = "no", "No e-mail"


class InChat(models.TextChoices):
    AT_ONCE = "at_once", "At once"
    DIGEST = "digest", "In the daily digest"
    NO = "no", "No message"


class NotificationChoice(models.Model):
    """One user's choice of how to be told of one kind, if not as by default."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notification_choices",
    )
    kind = models.CharField(max_length=10, choices=NotificationKind)
    in_app = models.BooleanField()
    by_mail = models.CharField(max_length=7, choices=ByMail)
    # Empty: as by default; they chose before there was chat.
    in_chat = models.CharField(
        max_length=7, choices=InChat, blank=True, default="", db_default=""
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_choice_a_person_and_kind", fields=["user", "kind"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()}"


class MailSchedule(models.Model):
    """A user's times for e-mail, in their own zone."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_times"
    )
    digest_at = models.TimeField(default=time(8))
    # Both empty: no quiet hours. From 20:00 to 7:00 is over midnight.
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="quiet_hours_begin_and_end",
                condition=Q(quiet_from=None, quiet_to=None)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Mail times of {self.user}"


class PendingAnnouncement(models.Model):
    """A lead that a member got or lost and has not been told of.

    Written with the change itself and deleted with the message that tells of it, so
    that nothing is told twice or forgotten, whoever is killed when.
    """

    assignment = models.ForeignKey(
        "Assignment", on_delete=models.PROTECT, related_name="untold"
    )
    member = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    # The member had the lead before; else they got it.
    is_loss = models.BooleanField(default=False, db_default=False)
    # Told by itself; empty: with whatever else they get or lose in these minutes.
    batch = models.ForeignKey(
        "Batch", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    if TYPE_CHECKING:
        member_id: int
        batch_id: int | None

    class Meta:
        indexes = [models.Index(fields=["member", "batch"], name="untold_by_member")]
        constraints = [
            models.UniqueConstraint(
                name="a_change_is_told_each_member_once",
                fields=["assignment", "member"],
            )
        ]

    def __str__(self) -> str:
        return f"Assignment {self.assignment_id}, untold"


class CoverageNotice(models.Model):
    """The state of a coverage that one person was last told about.

    Compared with the state now: who knows it all is told nothing.
    """

    coverage = models.ForeignKey(
        "Coverage", on_delete=models.PROTECT, related_name="words"
    )
    member = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # Until when it was said to last; empty as long as they have been told nothing. The
    # member away is told at the end.
    until = models.DateTimeField(null=True)
    # The last of the leads that were counted.
    last_hold = models.BigIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        coverage_id: int
        member_id: int

    class Meta:
        indexes = [
            models.Index(
                fields=["coverage"],
                name="coverage_words_open",
                condition=Q(closed_at=None),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_word_a_coverage_and_member", fields=["coverage", "member"]
            )
        ]

    def __str__(self) -> str:
        return f"What {self.member_id} knows of coverage {self.coverage_id}"
