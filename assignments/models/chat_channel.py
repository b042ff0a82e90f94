from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.text_fields import NameField, SentenceField


class ChatChannelQuerySet(models.QuerySet["ChatChannel"]):
    def working(self) -> Self:
        """Return channels that are not broken; what is told goes to these."""
        return self.filter(broken_at=None)

    def in_trouble(self) -> Self:
        """Return channels whose last message did not arrive, broken ones too."""
        return self.filter(failing_since__isnull=False)


class ChatChannel(models.Model):
    """An address of a chat service to which one user, or one team, is told things.

    Whoever knows the address can write there: it is stored encrypted, and no page,
    mail or log has it.
    """

    class When(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DIGEST = "digest", "Once a day"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="chat_channels",
    )
    team = models.ForeignKey(
        "Team", on_delete=models.CASCADE, null=True, related_name="chat_channels"
    )
    # What its owner calls it, "#sales"; may be empty.
    name = NameField(max_length=80, blank=True)
    # A code of assignments.chat.services.
    service = models.CharField(max_length=20)
    # Of a service that people run themselves; else empty.
    host = models.CharField(max_length=253, blank=True)
    # See assignments.encryption; its last characters tell two of a service apart.
    secret = models.TextField()
    ending = models.CharField(max_length=4, blank=True)
    # Of a team: which kinds of notification it gets, and when. A user chooses by kind.
    kinds = models.JSONField(default=list)
    when = models.CharField(max_length=7, choices=When, default=When.AT_ONCE)
    created_at = models.DateTimeField()
    # Who typed the address; of a team too, the channel ends with their login.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    used_at = models.DateTimeField(null=True)  # a message was taken, or tried, last
    arrived_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    trouble = SentenceField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    try_again_at = models.DateTimeField(null=True)
    # The service says that it will never take a message there again.
    broken_at = models.DateTimeField(null=True)

    objects = ChatChannelQuerySet.as_manager()

    if TYPE_CHECKING:
        user_id: int | None
        team_id: int | None

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_channel_has_one_owner",
                condition=Q(user__isnull=False, team=None)
                | Q(user=None, team__isnull=False),
            ),
            models.CheckConstraint(
                name="a_broken_channel_fails",
                condition=Q(broken_at=None) | Q(failing_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Channel {self.pk}"
