from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from assignments.models.text_fields import SentenceField

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from assignments.models.note import Note
    from assignments.models.people import Member


class Cause(models.TextChoices):
    MANUAL = "manual", "By hand"
    BULK = "bulk", "Bulk"
    ROUTING = "routing", "Routing rule"
    REBALANCE = "rebalance", "Rebalance"
    COVERAGE_START = "coverage_start", "Coverage start"
    COVERAGE_RETURN = "coverage_return", "Coverage return"
    UNDO = "undo", "Undo"
    OUTSIDE = "outside", "Seen in Smartlead"


PERSONAL = (Cause.MANUAL, Cause.BULK, Cause.REBALANCE, Cause.UNDO)
COVERAGE_CAUSES = (Cause.COVERAGE_START, Cause.COVERAGE_RETURN)
AUTOMATIC = (Cause.ROUTING, *COVERAGE_CAUSES)


class Urgency(models.IntegerChoices):
    CLICK = 0, "Click"
    COVERAGE_RETURN = 1, "Coverage return"
    COVERAGE_START = 2, "Coverage start"
    NOTE = 3, "Note"
    BULK = 4, "Bulk"
    RULE = 5, "Routing rule"


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Sending"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    OVERTAKEN = "overtaken", "Overtaken"
    CANCELLED = "cancelled", "Cancelled"
    SKIPPED = "skipped", "Skipped"


FINAL = (
    State.DONE,
    State.REFUSED,
    State.OVERTAKEN,
    State.CANCELLED,
    State.SKIPPED,
)
PENDING = (State.WAITING, State.SENDING)


class HistoryIsKept(TypeError):
    """Somebody tried to delete history, which is append-only.

    See docs/design/design.md, rule 7.
    """


class Batch(models.Model):
    """The assignments of one act, with progress and one outcome per lead."""

    cause = models.CharField(max_length=20, choices=Cause)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # From what it is about and its result; empty in batches from before there were names.
    name = SentenceField(max_length=200, blank=True, default="")
    reason = SentenceField(max_length=500)
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    # The routing rule that this batch follows.
    rule = models.ForeignKey(
        "RoutingRule", on_delete=models.PROTECT, null=True, related_name="batches"
    )

    if TYPE_CHECKING:
        assignments: RelatedManager["Assignment"]

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.name or f"Batch {self.pk}"

    @property
    def in_words(self) -> str:
        """Return the name in quotes, or "batch 12", for the middle of a sentence."""
        return f"“{self.name}”" if self.name else f"batch {self.pk}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def waiting(self) -> Self:
        return self.filter(state=State.WAITING)

    def sending(self) -> Self:
        return self.filter(state=State.SENDING)

    def pending(self) -> Self:
        # The end is empty just then; it is what lets SQLite use the index of these rows.
        return self.filter(state__in=PENDING, finished_at=None)

    def last_pending(self) -> Self:
        """Return the newest pending row of each lead: its owner once all are done."""
        newer = Assignment.objects.pending().filter(
            lead=OuterRef("lead"), pk__gt=OuterRef("pk")
        )
        return self.pending().filter(~Exists(newer))

    def coming_to(self, member: "Member") -> Self:
        """Return pending rows to the member, of leads that they do not own yet."""
        return self.pending().filter(to=member).exclude(lead__owner=member)

    def final(self) -> Self:
        return self.filter(state__in=FINAL)

    def due(self, at: datetime) -> Self:
        """Return waiting rows that may be claimed at `at`.

        Left out: rows whose `not_before` is after `at`, rows of a paused batch (clicks
        excepted), and of a lead with another row being sent.
        """
        blocked = Assignment.objects.sending().filter(lead=OuterRef("lead"))
        return (
            self.waiting()
            .filter(Q(not_before=None) | Q(not_before__lte=at))
            # Somebody who asks for such a lead by hand does not wait for the batch.
            .filter(Q(batch=None) | Q(batch__paused_at=None) | Q(urgency=Urgency.CLICK))
            .filter(~Exists(blocked))
        )

    def abandoned(self, at: datetime) -> Self:
        """Return sending rows whose lease is over at `at`, and that were not sent or
        whose `settle_at` has come.
        """
        return self.sending().filter(
            Q(sent_at=None) | Q(settle_at__lte=at), lease_until__lte=at
        )

    def delete(self) -> NoReturn:
        raise HistoryIsKept("Assignments are history: they are never deleted.")


class Assignment(models.Model):
    """One change of owner of one lead, wanted or seen: a row of the ledger.

    The row's state is the queue. After its final state only `verified_at` may still
    be filled in; a database trigger holds that (`assignments.models.triggers`).
    """

    lead = models.ForeignKey(
        "Lead", on_delete=models.PROTECT, related_name="assignments"
    )
    # Whom the change expects to replace; with expected_known false: whoever it is,
    # because Smartlead does not tell.
    expected = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    expected_known = models.BooleanField(default=True)
    # Empty only where Smartlead took the owner away, or nobody could be chosen.
    to = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="assignments"
    )
    cause = models.CharField(max_length=20, choices=Cause)
    # None: not a user of Handoff, but a clock, a rule, or somebody in Smartlead.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = SentenceField(max_length=500)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.CLICK)
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, related_name="assignments"
    )
    # Decided while this other row was being sent.
    after = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="followers"
    )
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )

    # The lead stays held in its coverage, only with somebody else, and goes back.
    until_back = models.BooleanField(default=False)

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # Cancelled instead of sent, as its plan no longer held: a tick decides again.
    was_outdated = models.BooleanField(default=False, db_default=False)
    # What became of it, in a sentence for the manager.
    outcome = SentenceField(max_length=500, blank=True)
    found = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    # The actor has read the outcome and put the row back to normal.
    dismissed_at = models.DateTimeField(null=True)

    token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    settle_at = models.DateTimeField(null=True)
    sends = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    first_failed_at = models.DateTimeField(null=True)

    objects = AssignmentQuerySet.as_manager()

    if TYPE_CHECKING:
        notes: RelatedManager["Note"]
        lead_id: int
        to_id: int | None
        expected_id: int | None
        actor_id: int | None
        batch_id: int | None
        after_id: int | None

    class Meta:
        indexes = [
            models.Index(fields=["lead", "-id"], name="assignment_by_lead"),
            models.Index(fields=["-created_at", "-id"], name="assignment_by_time"),
            models.Index(
                fields=["urgency", "id"],
                name="assignment_queue",
                condition=Q(state=State.WAITING),
            ),
            models.Index(
                fields=["state", "created_at"],
                name="assignment_pending",
                condition=Q(finished_at=None),
            ),
            models.Index(
                fields=["-finished_at", "-id"],
                name="assignment_last_sent",
                condition=Q(sends__gt=0),
            ),
            models.Index(
                fields=["lease_until"],
                name="assignment_in_flight",
                condition=Q(state=State.SENDING),
            ),
            models.Index(fields=["batch", "state"], name="assignment_by_batch"),
            # Who gave and got what in a period.
            models.Index(
                fields=["finished_at"],
                name="assignment_done",
                condition=Q(state=State.DONE),
            ),
            # Changes of late that were made in Smartlead, among others.
            models.Index(fields=["cause", "finished_at"], name="assignment_by_cause"),
            # Not only of the unanswered ones: SQLite would not see that it fits.
            models.Index(
                fields=["actor", "state", "-id"], name="assignment_unanswered"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_waiting_assignment_per_lead",
                fields=["lead"],
                condition=Q(state=State.WAITING),
            ),
            models.UniqueConstraint(
                name="one_sending_assignment_per_lead",
                fields=["lead"],
                condition=Q(state=State.SENDING),
            ),
            models.CheckConstraint(
                name="a_sending_assignment_has_a_claim",
                condition=~Q(state=State.SENDING)
                | (~Q(token="") & Q(lease_until__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_sent_assignment_knows_when_to_settle",
                condition=Q(sent_at=None) | Q(settle_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_final_assignment_has_its_end",
                condition=Q(state__in=PENDING, finished_at=None)
                | Q(state__in=FINAL, finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="only_smartlead_takes_an_owner_away",
                condition=Q(to__isnull=False)
                | Q(cause=Cause.OUTSIDE)
                | Q(state=State.SKIPPED),
            ),
            models.CheckConstraint(
                name="an_outside_assignment_is_born_done",
                condition=~Q(cause=Cause.OUTSIDE) | Q(state=State.DONE),
            ),
            models.CheckConstraint(
                name="a_personal_assignment_has_its_actor",
                condition=~Q(cause__in=PERSONAL) | Q(actor__isnull=False),
            ),
            models.CheckConstraint(
                name="every_assignment_has_its_reason", condition=~Q(reason="")
            ),
            models.CheckConstraint(
                name="only_a_done_assignment_is_verified",
                condition=Q(verified_at=None) | Q(state=State.DONE),
            ),
            models.CheckConstraint(
                name="an_expected_member_is_known",
                condition=Q(expected=None) | Q(expected_known=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Assignment {self.pk}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise HistoryIsKept("Assignments are history: they are never deleted.")

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING

    @property
    def is_personal(self) -> bool:
        return self.cause in PERSONAL

    @property
    def is_of_coverage(self) -> bool:
        return self.cause in COVERAGE_CAUSES

    @property
    def is_plan(self) -> bool:
        """Return whether a rule or a coverage made the row as part of a batch.

        Such a row may be withdrawn until it is sent. What a person did to one lead of a
        coverage (handed it back, tried again) has no batch, and is no plan.
        """
        return self.cause in AUTOMATIC and self.batch_id is not None
