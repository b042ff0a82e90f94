from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q


class Kind(models.TextChoices):
    """What somebody may be told of; each person chooses how, for each kind."""

    ASSIGNED = "assigned", "Leads are given to you"
    COVERING = "covering", "You cover for somebody"
    RETURNED = "returned", "You are back"
    ATTENTION = "attention", "A coverage needs attention"
    OVERDUE = "overdue", "An answer is overdue"
    REVIEW = "review", "The weekly review"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing told to one person, once: however many leads it is about."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    # What it is about, so that it is told once: "batch-12", "coverage-3-start".
    key = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    # Where its leads are shown; a path of this site.
    path = models.CharField(max_length=500)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_by_user"),
            models.Index(
                fields=["user"],
                name="notification_unread",
                condition=Q(read_at=None),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_told_once", fields=["user", "key"]
            ),
            models.CheckConstraint(
                name="a_notification_leads_to_a_page_of_ours",
                condition=Q(path__startswith="/") & ~Q(path__startswith="//"),
            ),
        ]

    if TYPE_CHECKING:
        user_id: int

    def __str__(self) -> str:
        return self.subject
