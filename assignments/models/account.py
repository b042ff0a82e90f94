from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.text_fields import SentenceField


class MembersSee(models.TextChoices):
    """The leads that members see; `assignments.services.sight` says what each means."""

    ALL = "all", "All leads"
    TEAM = "team", "The leads of their teams, and those that nobody has"
    OWN = "own", "Their own leads, and those that nobody has"


class Account(models.Model):
    """The one Smartlead account this database belongs to, and its state. One row.

    `fingerprint` is filled by the first sync.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    base_url = models.CharField(max_length=500, blank=True)
    # Keyed hash of the API key: tells two keys apart, says nothing about either.
    fingerprint = models.CharField(max_length=64, blank=True)
    bound_at = models.DateTimeField(null=True)
    # The first binding: replies from before it have no time to be answered. Empty: all
    # replies have one.
    answers_count_from = models.DateTimeField(null=True)

    # *Pause all writes*, by a person or after a rebind.
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    pause_reason = SentenceField(max_length=300, blank=True)

    # Bulk stopped itself: three different leads were refused with one sentence.
    bulk_paused_at = models.DateTimeField(null=True)
    bulk_pause_reason = SentenceField(max_length=500, blank=True)
    bulk_resumed_at = models.DateTimeField(null=True)

    # Smartlead does not take our calls; said once, globally.
    outage_since = models.DateTimeField(null=True)
    outage_kind = models.CharField(max_length=20, blank=True)
    outage_sentence = SentenceField(max_length=500, blank=True)
    probe_at = models.DateTimeField(null=True)

    members_see = models.CharField(
        max_length=4, choices=MembersSee, default=MembersSee.ALL, db_default="all"
    )
    notes_readable = models.BooleanField(null=True)

    # A sales manager has looked through what the categories mean.
    categories_confirmed_at = models.DateTimeField(null=True)
    # The first steps have been put away.
    guide_closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="there_is_one_account", condition=Q(id=1)),
        ]

    def __str__(self) -> str:
        return self.base_url or "No account yet"


class TaskLease(models.Model):
    """The right to run one task: whoever holds `token` has it until `until`."""

    name = models.CharField(max_length=30, primary_key=True)
    token = models.CharField(max_length=32, blank=True)
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a long-running part: `worker`, `tick`, `sync`."""

    name = models.CharField(max_length=30, primary_key=True)
    beat_at = models.DateTimeField()
    detail = SentenceField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class HostPart(models.Model):
    """One part of Handoff, as one host runs it, or ran it last."""

    class Part(models.TextChoices):
        WEB = "web"
        WORKER = "worker"

    host = models.CharField(max_length=63)
    part = models.CharField(max_length=10, choices=Part)
    version = models.CharField(max_length=30)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    # It was told to stop; empty while it runs, and after it was killed.
    stopped_at = models.DateTimeField(null=True)
    # Seconds by which the host's clock is ahead of the database's.
    clock_ahead = models.FloatField(default=0)
    # The machine or container that wrote last, and when another one was found to write
    # under the same name.
    machine = models.CharField(max_length=64, default="")
    shared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host", "part"], name="one_row_for_each_part_of_a_host"
            )
        ]

    def __str__(self) -> str:
        return f"{self.part} on {self.host}"
