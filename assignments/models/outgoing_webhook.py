"""Outgoing webhooks: what Handoff tells other programs, where, and how far that is."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.text_fields import NameField, PlainField, SentenceField

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class OutgoingKind(models.TextChoices):
    """The events that an endpoint may choose, under the names that receivers see."""

    OWNER_CHANGED = "owner.changed", "A lead has another owner"
    COVERAGE_STARTED = "coverage.started", "A coverage has begun"
    COVERAGE_RETURNED = "coverage.returned", "A coverage is over, its leads are back"
    ATTENTION_RAISED = "attention.raised", "A coverage or a change needs attention"


TEST_KIND = "webhook.test"  # sent by a button, to one endpoint, whatever it chose


class OutgoingEndpointQuerySet(models.QuerySet["OutgoingEndpoint"]):
    def kept(self) -> Self:
        """Return those that nobody has removed."""
        return self.filter(removed_at=None)


class OutgoingEndpoint(models.Model):
    """An address that is told of events by signed POST requests."""

    # May hold a token of the receiver: shown to sales managers only.
    url = PlainField(max_length=1000)
    description = NameField(max_length=100, blank=True)
    kinds = models.JSONField(default=list)
    # Encrypted: assignments/services/outgoing_webhooks/signing_secrets.py.
    secret = models.CharField(max_length=500)
    old_secret = models.CharField(max_length=500, blank=True)
    old_secret_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = SentenceField(max_length=300, blank=True)
    # By Handoff, as nothing arrived or the receiver asked for it; not by a person.
    was_stopped = models.BooleanField(default=False)
    # Deleted an hour later, when no transaction can still write a delivery for it.
    removed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Failed attempts in a row. Until `not_before` nothing is sent here.
    failures = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    last_attempt_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)

    objects = OutgoingEndpointQuerySet.as_manager()

    if TYPE_CHECKING:
        deliveries: RelatedManager["OutgoingDelivery"]

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                name="a_disabled_endpoint_says_since_when",
                condition=Q(is_active=True, disabled_at=None)
                | Q(is_active=False, disabled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_removed_endpoint_is_disabled",
                condition=Q(removed_at=None) | Q(is_active=False),
            ),
        ]

    def __str__(self) -> str:
        return self.description or f"Endpoint {self.pk}"


class OutgoingEvent(models.Model):
    """Something that happened, as endpoints are told of it."""

    # The header `webhook-id`: the same however often it is sent.
    message_id = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=30)
    data = models.JSONField()
    # What it is about, if that is told once however long it lasts; such an event is kept.
    key = models.CharField(max_length=100, null=True, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class OutgoingDeliveryQuerySet(models.QuerySet["OutgoingDelivery"]):
    def pending(self) -> Self:
        return self.filter(
            state__in=(OutgoingDelivery.State.WAITING, OutgoingDelivery.State.SENDING)
        )

    def due(self, at: datetime) -> Self:
        """Return those whose time has come and that wait, or whose lease ran out.

        Those of disabled endpoints too: without joins a claim sees what another process
        has just written.
        """
        waiting = Q(state=OutgoingDelivery.State.WAITING, next_attempt_at__lte=at)
        expired = Q(state=OutgoingDelivery.State.SENDING, lease_until__lte=at)
        return self.filter(waiting | expired)

    def failed(self) -> Self:
        return self.filter(state=OutgoingDelivery.State.FAILED)


class OutgoingDelivery(models.Model):
    """One event on its way to one endpoint: the row is the queue."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        DISMISSED = "dismissed", "Dismissed"

    event = models.ForeignKey(
        OutgoingEvent, on_delete=models.CASCADE, related_name="deliveries"
    )
    endpoint = models.ForeignKey(
        OutgoingEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    # The status of the last answer; None: there was none.
    last_status = models.PositiveSmallIntegerField(null=True)
    # What became of the last attempt, in a sentence, and how the answer began.
    outcome = SentenceField(max_length=300, blank=True)
    answer = PlainField(max_length=300, blank=True)

    objects = OutgoingDeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        endpoint_id: int
        event_id: int

    class Meta:
        indexes = [
            models.Index(
                fields=["endpoint", "state", "id"], name="outgoing_by_endpoint"
            ),
            models.Index(fields=["endpoint", "-id"], name="outgoing_newest"),
            models.Index(fields=["state", "finished_at"], name="outgoing_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="an_event_goes_to_an_endpoint_once", fields=["event", "endpoint"]
            ),
            models.CheckConstraint(
                name="a_sending_delivery_has_a_claim",
                condition=~Q(state="sending")
                | (~Q(token="") & Q(lease_until__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_final_delivery_has_its_end",
                condition=Q(state__in=("waiting", "sending"), finished_at=None)
                | Q(
                    state__in=("delivered", "failed", "dismissed"),
                    finished_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="a_waiting_delivery_knows_its_next_attempt",
                condition=~Q(state="waiting") | Q(next_attempt_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk}"
