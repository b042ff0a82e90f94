from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assignments.models.lead import Campaign, Category
from assignments.models.text_fields import PlainTextField, SentenceField

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

USER = settings.AUTH_USER_MODEL
OVER = ("returning", "completed", "cancelled")


class CoverageQuerySet(models.QuerySet["Coverage"]):
    def agreed(self) -> Self:
        """Return coverages that are neither proposed nor cancelled."""
        return self.exclude(
            state__in=(Coverage.State.PROPOSED, Coverage.State.CANCELLED)
        )

    def away_at(self, at: datetime) -> Self:
        """Return agreed coverages whose member is away at `at`, whatever their state.

        They start by then or have begun already, end later, and do not give their leads
        back yet.
        """
        begun = Q(starts_at__lte=at) | Q(began_at__isnull=False)
        return self.agreed().filter(begun, ends_at__gt=at, returning_at=None)

    def over(self) -> Self:
        """Return coverages that are returning, completed or cancelled."""
        return self.filter(state__in=OVER)

    def unfinished(self) -> Self:
        """Return coverages that are neither completed nor cancelled."""
        return self.exclude(
            state__in=(Coverage.State.COMPLETED, Coverage.State.CANCELLED)
        )

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> Self:
        return self.agreed().filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class Coverage(models.Model):
    """An absence of one member, and who covers it. Every decision:
    docs/design/coverage-rules.md.

    `starts_at` and `ends_at` are the moments that count, half open; the days beside
    them are kept as they were typed, in the zone they were typed in.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        SCHEDULED = "scheduled", "Scheduled"
        STARTING = "starting", "Starting"
        ACTIVE = "active", "Active"
        RETURNING = "returning", "Returning"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"

    class Scope(models.TextChoices):
        ACTIVE = "active", "Active conversations"
        ALL = "all", "All leads"

    class Arrivals(models.TextChoices):
        COVER = "cover", "Cover them too"
        LEAVE = "leave", "Leave them"

    class OnReturn(models.TextChoices):
        RETURN = "return", "Give the leads back"
        KEEP = "keep", "Covering members keep them"

    member = models.ForeignKey(
        "Member", on_delete=models.PROTECT, related_name="coverages"
    )
    first_day = models.DateField()
    last_day = models.DateField(help_text="Inclusive.")
    first_time = models.TimeField(null=True)
    last_time = models.TimeField(null=True)
    zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    scope = models.CharField(max_length=10, choices=Scope, default=Scope.ACTIVE)
    # Empty: of all campaigns, of all categories.
    campaigns = models.ManyToManyField(Campaign, related_name="coverages")
    categories = models.ManyToManyField(Category, related_name="coverages")
    arrivals = models.CharField(max_length=10, choices=Arrivals, default=Arrivals.COVER)
    on_return = models.CharField(
        max_length=10, choices=OnReturn, default=OnReturn.RETURN
    )
    fallback = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    start_note = PlainTextField(blank=True)
    return_note = PlainTextField(blank=True)
    comment = PlainTextField(blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.SCHEDULED)
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        USER, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # When a tick first ran inside the window: the moment of the start set.
    began_at = models.DateTimeField(null=True)
    # When the clock, or a person, began to give the leads back.
    returning_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # The reason that pages show: of a person, or of the clock.
    cancelled_why = SentenceField(max_length=300, blank=True)
    # Cancelled because both its start and its end went by without a tick.
    was_missed = models.BooleanField(default=False)
    # Leads that nobody was free to take when the clock last looked.
    unplaced = models.PositiveIntegerField(default=0)
    # The clock could not plan it when it last tried.
    failed_at = models.DateTimeField(null=True)
    # Somebody has read what went wrong with it: no more needs attention.
    acknowledged_at = models.DateTimeField(null=True)

    objects = CoverageQuerySet.as_manager()

    if TYPE_CHECKING:
        coverers: RelatedManager["CoveringMember"]
        holds: RelatedManager["Hold"]
        events: RelatedManager["CoverageEvent"]
        member_id: int
        fallback_id: int | None

    class Meta:
        ordering = ("starts_at", "id")
        indexes = [
            models.Index(fields=["member", "starts_at"], name="coverage_by_member"),
            models.Index(fields=["ends_at"], name="coverage_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_coverage_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at"))
                | Q(state__in=("cancelled", "completed", "returning")),
            ),
            models.CheckConstraint(
                name="nobody_is_their_own_fallback",
                condition=Q(fallback=None) | ~Q(fallback=F("member")),
            ),
            models.CheckConstraint(
                name="a_cancelled_coverage_says_when",
                condition=~Q(state="cancelled") | Q(cancelled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Coverage of {self.member}"

    @property
    def is_over(self) -> bool:
        return self.state in OVER


class CoveringMember(models.Model):
    """A covering member with a share, or with a narrower scope of their own."""

    coverage = models.ForeignKey(
        Coverage, on_delete=models.CASCADE, related_name="coverers"
    )
    member = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    # The order of the form, which breaks ties.
    position = models.PositiveSmallIntegerField()
    share = models.DecimalField(max_digits=7, decimal_places=2, default=1)
    campaigns = models.ManyToManyField(Campaign, related_name="coverers")
    categories = models.ManyToManyField(Category, related_name="coverers")
    # What the rotation owes them (docs/design/coverage-rules.md, rule 30).
    credit = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    # Another took over their share and their leads.
    replaced_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        member_id: int
        coverage_id: int

    class Meta:
        ordering = ("position", "id")
        constraints = [
            models.UniqueConstraint(
                name="each_member_covers_once", fields=["coverage", "member"]
            ),
            models.CheckConstraint(
                name="a_share_is_not_negative", condition=Q(share__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} for {self.coverage_id}"


class HoldQuerySet(models.QuerySet["Hold"]):
    def live(self) -> Self:
        return self.filter(state=Hold.State.LIVE)

    def standing(self) -> Self:
        """Return holds that are live, or being handed over and not yet confirmed."""
        return self.exclude(state=Hold.State.ENDED)


class Hold(models.Model):
    """One lead taken for one coverage: from whom, to whom, and how it ended.

    The live holds of a lead, by id, are the steps from its home, lowest first; the
    owner is `to` of the top one. Only a confirmed move changes a hold: see
    docs/design/coverage-rules.md, rule 8.
    """

    class State(models.TextChoices):
        TAKING = "taking", "Being handed over"
        LIVE = "live", "Held"
        ENDED = "ended", "Ended"

    class Outcome(models.TextChoices):
        RETURNED = "returned", "Returned"
        BACK = "back", "Already back"
        MOVED = "moved", "Moved"
        KEPT = "kept", "Kept"
        SUPERSEDED = "superseded", "Superseded"
        CARRIED_OVER = "carried_over", "Carried over"
        NOT_TAKEN = "not_taken", "Not taken"
        GONE = "gone", "Gone"

    coverage = models.ForeignKey(
        Coverage, on_delete=models.PROTECT, related_name="holds"
    )
    lead = models.ForeignKey("Lead", on_delete=models.PROTECT, related_name="holds")
    origin = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    # With whom the lead is known to be; while taking, to whom it is to go.
    to = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.TAKING)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    # The assignment that took the lead; the one that ended the hold, or ended it for us.
    taken_by = models.ForeignKey(
        "Assignment", on_delete=models.PROTECT, null=True, related_name="takes"
    )
    ended_by = models.ForeignKey(
        "Assignment", on_delete=models.PROTECT, null=True, related_name="ends"
    )
    # The pending assignment whose end will change this hold, whatever it is.
    move = models.ForeignKey(
        "Assignment", on_delete=models.PROTECT, null=True, related_name="changes"
    )
    # A change of coverer: who is to have it as soon as it can be sent.
    change_to = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    is_arrival = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = HoldQuerySet.as_manager()

    if TYPE_CHECKING:
        coverage_id: int
        lead_id: int
        origin_id: int
        to_id: int
        move_id: int | None

    class Meta:
        indexes = [
            models.Index(
                fields=["lead", "id"],
                name="hold_standing",
                condition=~Q(state="ended"),
            ),
            models.Index(fields=["coverage", "state"], name="hold_by_coverage"),
            models.Index(
                fields=["to"], name="hold_by_holder", condition=Q(state="live")
            ),
            # Which leads are covered for somebody just now.
            models.Index(
                fields=["origin", "lead"],
                name="hold_by_origin",
                condition=Q(state="live"),
            ),
            models.Index(
                fields=["move"], name="hold_by_move", condition=Q(move__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_standing_hold_per_coverage_and_lead",
                fields=["coverage", "lead"],
                condition=~Q(state="ended"),
            ),
            models.CheckConstraint(
                name="an_ended_hold_says_how_and_when",
                condition=Q(state="ended", ended_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="ended") & Q(outcome="", ended_at=None),
            ),
            models.CheckConstraint(
                name="a_live_hold_was_taken",
                condition=~Q(state="live") | Q(taken_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_hold_goes_to_somebody_else", condition=~Q(origin=F("to"))
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.pk}"


class CoveredLead(models.Model):
    """State of one lead in a coverage beside its holds: wanted, pinned, noted."""

    coverage = models.ForeignKey(
        Coverage, on_delete=models.PROTECT, related_name="covered_leads"
    )
    lead = models.ForeignKey(
        "Lead", on_delete=models.PROTECT, related_name="covered_by"
    )
    # Matched when the coverage began; wanted until it is placed:
    # docs/design/coverage-rules.md, rule 13.
    is_start_set = models.BooleanField(default=False)
    # A person's decision: this coverage does not take the lead again:
    # docs/design/coverage-rules.md, rule 22.
    pinned_by = models.ForeignKey(
        "Assignment", on_delete=models.PROTECT, null=True, related_name="pins"
    )
    pinned_at = models.DateTimeField(null=True)
    # Each note once per coverage, lead and direction:
    # docs/design/coverage-rules.md, rule 33.
    start_noted_at = models.DateTimeField(null=True)
    return_noted_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        lead_id: int
        coverage_id: int

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="each_lead_once_per_coverage", fields=["coverage", "lead"]
            )
        ]

    def __str__(self) -> str:
        return f"Lead {self.lead_id} in {self.coverage_id}"


class CoverageEvent(models.Model):
    """An act on a coverage as a whole, and its actor. Never changed afterwards."""

    coverage = models.ForeignKey(
        Coverage, on_delete=models.CASCADE, related_name="events"
    )
    at = models.DateTimeField()
    # None: the clock.
    actor = models.ForeignKey(
        USER, on_delete=models.PROTECT, null=True, related_name="+"
    )
    sentence = SentenceField(max_length=500)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.sentence


class CalendarFeed(models.Model):
    """The unguessable address under which a team's absences can be subscribed to."""

    team = models.OneToOneField(
        "Team", on_delete=models.CASCADE, related_name="calendar_feed"
    )
    token = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Calendar of {self.team}"
