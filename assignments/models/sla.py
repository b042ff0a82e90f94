from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from assignments.models.text_fields import NameField


def nine_to_five() -> list[list[list[int]]]:
    """Return a week of 9:00 to 17:00 from Monday to Friday.

    For each day from Monday its spans, in minutes from midnight; none at the weekend.
    """
    return [[[9 * 60, 17 * 60]]] * 5 + [[], []]


class WorkingHours(models.Model):
    """The working hours of everybody who has none of their own. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    week = models.JSONField(default=nine_to_five)
    # Whose public holidays are days off, as ISO codes; empty: none.
    country = models.CharField(max_length=2, blank=True)
    subdivision = models.CharField(max_length=10, blank=True)
    # Working minutes after a breach until those who lead are told as well.
    escalate_after = models.PositiveIntegerField(default=60)
    # Moments of leads from this id on are still to be worked out anew; empty: none.
    due_from = models.BigIntegerField(null=True)

    class Meta:
        verbose_name_plural = "working hours"
        constraints = [
            models.CheckConstraint(
                name="there_is_one_default_of_working_hours", condition=Q(id=1)
            ),
            models.CheckConstraint(
                name="those_who_lead_are_told_later_than_the_owner",
                condition=Q(escalate_after__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return "Working hours of everybody"


class MemberHours(models.Model):
    """The hours of one member that differ; null columns are as for everybody."""

    member = models.OneToOneField(
        "Member", on_delete=models.PROTECT, primary_key=True, related_name="hours"
    )
    week = models.JSONField(null=True)
    country = models.CharField(max_length=2, blank=True, null=True)
    subdivision = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name_plural = "hours of members"

    def __str__(self) -> str:
        return f"Working hours of {self.member}"


class DayOff(models.Model):
    """A day on which nobody works, beside the public holidays."""

    day = models.DateField(unique=True)
    name = NameField(max_length=100, blank=True)

    class Meta:
        ordering = ("day",)
        verbose_name_plural = "days off"

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class SlaTarget(models.Model):
    """The time in which a reply must be answered. The most specific target wins."""

    class AtBreach(models.TextChoices):
        TELL = "tell", "Tell the owner"
        SUGGEST = "suggest", "Tell the owner, and suggest somebody else"
        REASSIGN = "reassign", "Tell the owner, and give the lead to somebody else"

    campaign = models.ForeignKey(
        "Campaign", on_delete=models.PROTECT, null=True, related_name="+"
    )
    category = models.ForeignKey(
        "Category", on_delete=models.PROTECT, null=True, related_name="+"
    )
    minutes = models.PositiveIntegerField()
    # Counted in the owner's working hours, or around the clock.
    in_working_hours = models.BooleanField(default=True)
    at_breach = models.CharField(max_length=8, choices=AtBreach, default=AtBreach.TELL)

    if TYPE_CHECKING:
        campaign_id: int | None
        category_id: int | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Coalesce("campaign", 0),
                Coalesce("category", 0),
                name="one_target_for_the_same_leads",
                violation_error_message="There is a target for these leads already.",
            ),
            models.CheckConstraint(
                name="a_target_leaves_time",
                condition=Q(minutes__gt=0),
                violation_error_message="A target must leave some time.",
            ),
        ]

    def __str__(self) -> str:
        named = [f"{one}" for one in (self.campaign, self.category) if one]
        return ", ".join(named) or "All other leads"


class Breach(models.Model):
    """A reply that was not answered in time; recorded once."""

    lead = models.ForeignKey("Lead", on_delete=models.PROTECT, related_name="breaches")
    # The lead's mail that waits for its answer.
    reply_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Whose lead it was; empty: nobody's.
    owner = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="breaches"
    )
    found_at = models.DateTimeField()
    # When those who lead are told, if it waits still; empty once that is settled.
    escalate_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        lead_id: int
        owner_id: int | None

    class Meta:
        verbose_name_plural = "breaches"
        indexes = [
            models.Index(
                fields=["escalate_at"],
                name="breach_to_escalate",
                condition=Q(escalate_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="a_reply_is_overdue_once", fields=["lead", "reply_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"Breach {self.pk}"
