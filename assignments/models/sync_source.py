from django.db import models

from assignments.models.text_fields import PlainTextField, SentenceField

WORDS = {
    "inbox-replies": "Newest replies",
    "full-pass": "Whole inbox",
    "assigned-me": "Leads by member",
    "members": "Members",
    "categories": "Categories",
    "campaigns": "Campaigns",
    "campaign-leads": "Details from campaigns",
    "missed-leads": "Missed leads",
    "threads": "Conversations",
    "notes": "Notes",
}


class SyncSource(models.Model):
    """One stream of the mirror (an inbox list, the members, …) and how far it is."""

    class Proof(models.TextChoices):
        UNPROVEN = "unproven", "Not tried yet"
        PROVEN = "proven", "Filters by owner"
        FAILED = "failed", "Does not filter by owner"

    name = models.CharField(max_length=60, primary_key=True)
    # Where a pass stands; what is inside belongs to the mirror.
    cursor = models.JSONField(default=dict)
    # Newest reply time of the last completed pass: the next head pass reads down to it.
    mark_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    passes = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    error = SentenceField(max_length=500, blank=True)
    error_at = models.DateTimeField(null=True)
    proof = models.CharField(max_length=10, choices=Proof, default=Proof.UNPROVEN)
    proof_at = models.DateTimeField(null=True)
    proof_detail = SentenceField(max_length=300, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def words(self) -> str:
        """Return the name of this source on the system page; of one that has none its
        own name.
        """
        return WORDS.get(self.name, self.name)


class UnreadableRow(models.Model):
    """A row of Smartlead that could not be read; kept so that somebody can look."""

    source = models.CharField(max_length=60)
    reason = SentenceField(max_length=300)
    excerpt = PlainTextField()
    digest = models.CharField(max_length=64)
    count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ("-last_seen_at",)
        constraints = [
            models.UniqueConstraint(
                name="an_unreadable_row_is_listed_once", fields=["source", "digest"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"
