from django.db import models

from assignments.models.people import Team, User
from assignments.visible_text import displayed


class GroupMapping(models.Model):
    """A line of the table that gives people of the provider's groups roles and teams."""

    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        TEAM_LEAD = "team_lead", "Team lead"
        SALES_MANAGER = "sales_manager", "Sales manager"

    # Exactly as the claim has it: a name, or an id of the provider.
    claim_value = models.CharField(max_length=200)
    role = models.CharField(max_length=13, choices=Role)
    # None with a team lead: the team was removed, and the line does nothing.
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("claim_value", "id")

    def __str__(self) -> str:
        return displayed(self.claim_value)


class ProviderSession(models.Model):
    """A session that was begun by the OpenID provider, and when that was last checked."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    issuer = models.CharField(max_length=200)
    sub = models.CharField(max_length=191)
    sid = models.CharField(max_length=255, blank=True)  # the provider's own session
    sealed_tokens = models.TextField(blank=True)  # encrypted
    began_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    next_check_at = models.DateTimeField()
    unreachable_since = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["issuer", "sub"], name="provider_session_sub"),
            models.Index(fields=["issuer", "sid"], name="provider_session_sid"),
            models.Index(fields=["began_at"], name="provider_session_began"),
        )

    def __str__(self) -> str:
        return f"Session of {self.user}"


class SeenLogoutToken(models.Model):
    """A back-channel logout that was taken; it is not taken a second time."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:8]
