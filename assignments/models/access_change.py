from django.conf import settings
from django.db import models


class AccessChange(models.Model):
    """One moment at which a login lost or got back the right to sign in."""

    class Kind(models.TextChoices):
        ENDED = "ended", "Deactivated"
        ALLOWED = "allowed", "Allowed to sign in again"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="access_changes",
    )
    # Empty where no person decided, but the provider with which they sign in.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=7, choices=Kind)
    # How many of each thing were ended, by the codes of the service that ended them.
    ended = models.JSONField(default=dict)

    class Meta:
        indexes = (models.Index(fields=["user", "-at"], name="access_change_of_user"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"
