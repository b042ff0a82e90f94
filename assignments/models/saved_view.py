from django.conf import settings
from django.db import models

from assignments.models.text_fields import NamedModel, NameField


class SavedView(NamedModel):
    """A filter of the inbox that somebody keeps under a name; only they see it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views"
    )
    name = NameField(max_length=60)
    # The inbox's query string, in its one order.
    query = models.TextField()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], name="saved_view_has_a_name_of_its_own"
            )
        ]

    def __str__(self) -> str:
        return self.name
