from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.db import models

from assignments.models.text_fields import NamedModel, NameField
from assignments.visible_text import displayed

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class User(AbstractUser, NamedModel):
    """A person who signs in; `assignments.services.access` says what they may do."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "Like the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class Density(models.TextChoices):
        COMPACT = "compact", "Compact"
        NORMAL = "normal", "Normal"
        ROOMY = "roomy", "Roomy"

    is_sales_manager = models.BooleanField(
        "sales manager",
        default=False,
        help_text="May do everything: assign any lead, manage people, pause writes.",
    )
    time_zone = models.CharField(max_length=64, blank=True)
    # When they last answered whether to take the zone of their browser: asked once.
    zone_answered_at = models.DateTimeField(null=True, editable=False)
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(max_length=7, choices=Density, default=Density.NORMAL)
    # Letters that act without Ctrl get in the way of some screen readers and hands.
    single_keys = models.BooleanField(default=True)
    # The last week whose review they were told of, or that had nothing: "2026-W48".
    reviewed_week = models.CharField(max_length=8, blank=True, editable=False)

    if TYPE_CHECKING:
        leads_teams: RelatedManager["Team"]
        member: "Member"
        client_limits: RelatedManager["ClientLimit"]

    def __str__(self) -> str:
        return displayed(self.get_full_name()) or self.username

    @property
    def is_manager(self) -> bool:
        """Return whether the user is active and a sales manager or a superuser."""
        return self.is_active and (self.is_sales_manager or self.is_superuser)


class ClientLimit(models.Model):
    """One client whose leads a user sees; a user with none is not limited."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="client_limits"
    )
    client_id = models.BigIntegerField("Smartlead id")

    class Meta:
        ordering = ("client_id",)
        constraints = [
            models.UniqueConstraint(
                name="a_client_is_named_once_for_a_user", fields=["user", "client_id"]
            )
        ]

    def __str__(self) -> str:
        return f"Client {self.client_id}"


class Member(NamedModel):
    """A Smartlead team member, who can own leads. The key is Smartlead's id."""

    class Source(models.TextChoices):
        BOARD = "board", "Smartlead's team board"
        ROWS = "rows", "Seen as an owner in the inbox"
        HAND = "hand", "Entered by hand"

    id = models.BigIntegerField("Smartlead id", primary_key=True)
    name = NameField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    source = models.CharField(max_length=5, choices=Source)
    user = models.OneToOneField(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="member"
    )
    team = models.ForeignKey(
        "Team",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="members",
    )
    is_active = models.BooleanField("active", default=True)
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="The most open leads they should have."
    )
    time_zone = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.CheckConstraint(
                name="member_id_is_positive",
                condition=models.Q(id__gt=0),
                violation_error_message="A Smartlead id is a number above 0.",
            )
        ]

    def __str__(self) -> str:
        return displayed(self.name) or f"Member {self.pk}"

    @property
    def initials(self) -> str:
        words = [word for word in self.name.split() if word[0].isalnum()]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


class Team(NamedModel):
    """Members, with one or more team leads."""

    name = NameField(max_length=100, unique=True)
    team_leads = models.ManyToManyField(User, related_name="leads_teams", blank=True)

    if TYPE_CHECKING:
        members: RelatedManager[Member]

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
