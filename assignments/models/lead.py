from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from assignments.models.text_fields import (
    NamedModel,
    NameField,
    PlainField,
    SentenceField,
)
from assignments.visible_text import displayed

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from assignments.models.assignment import Assignment
    from assignments.models.people import Member
    from assignments.models.routing import SuggestionQuerySet

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LISTED_REPLY_AT = Coalesce("disregarded_reply_at", "last_reply_at")
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


class Category(NamedModel):
    """A lead category of Smartlead; what it means for us is our own setting."""

    id = models.BigIntegerField("Smartlead id", primary_key=True)
    name = NameField(max_length=200)
    sentiment = models.CharField(max_length=20, blank=True)
    is_closing = models.BooleanField("closes the conversation", default=False)
    is_interested = models.BooleanField("means interest", default=False)
    # An automatic answer, say: the conversation stays open, and no answer is awaited.
    owes_no_answer = models.BooleanField("owes no answer", default=False)
    # Once a person has decided, a sync does not decide again.
    set_by_hand = models.BooleanField(default=False)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return displayed(self.name) or f"Category {self.pk}"

    @property
    def owes_answer(self) -> bool:
        return not (self.is_closing or self.owes_no_answer)


class Campaign(NamedModel):
    id = models.BigIntegerField("Smartlead id", primary_key=True)
    name = NameField(max_length=300, blank=True)
    status = models.CharField(max_length=20, blank=True)
    client_id = models.BigIntegerField(null=True, blank=True)
    attributes_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return displayed(self.name) or f"Campaign {self.pk}"


class LeadQuerySet(models.QuerySet["Lead"]):
    def present(self) -> Self:
        """Return leads that Smartlead still has."""
        return self.filter(gone_at=None)

    def owned_by(self, member: "Member") -> Self:
        return self.filter(owner=member)

    def unowned(self) -> Self:
        return self.filter(owner=None, owner_known_at__isnull=False)

    def closed(self) -> Self:
        return self.filter(category__is_closing=True)

    def waiting_on_us(self) -> Self:
        """Return leads that owe an answer: the last mail is theirs, and the category is
        not closing. Leads that are gone are among them.
        """
        return self.filter(answer_owed=True)

    def waiting_on_them(self) -> Self:
        return self.filter(answer_owed=False).exclude(category__is_closing=True)

    def replied(self) -> Self:
        return self.present().filter(last_reply_at__isnull=False)

    def open(self) -> Self:
        """Return present leads that replied and whose category is not closing: they
        count as somebody's load.
        """
        return self.replied().exclude(category__is_closing=True)


class Lead(NamedModel):
    """One row of the Smartlead inbox: one person in one campaign.

    `owner` is whom Smartlead was last seen to name. It is written by
    `assignments.services.ledger.ownership.observe_owner` alone.
    """

    map_id = models.BigIntegerField(primary_key=True)
    # The person behind the lead; Smartlead calls it email_lead_id.
    person_id = models.BigIntegerField(null=True, db_index=True)
    email = NameField(max_length=320, blank=True)
    first_name = NameField(max_length=200, blank=True)
    last_name = NameField(max_length=200, blank=True)
    company = NameField(max_length=300, blank=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True)
    smartlead_status = models.CharField(max_length=30, blank=True)
    client_id = models.BigIntegerField(null=True)
    email_account_id = models.BigIntegerField(null=True)
    revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    is_unread = models.BooleanField(default=False)
    is_important = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    is_snoozed = models.BooleanField(default=False)
    last_sent_at = models.DateTimeField(null=True)
    # The last one of a person, as far as is known.
    last_reply_at = models.DateTimeField(null=True)
    # When Smartlead's lists say that the lead replied last, where that mail turned out
    # to be a bounce, an automatic answer or a mail of ours. Empty: at `last_reply_at`.
    disregarded_reply_at = models.DateTimeField(null=True)
    last_message = PlainField(max_length=200, blank=True)
    # Tells from which mail, by which parser, `last_message` was made: once is enough.
    last_message_mark = models.CharField(max_length=64, blank=True)
    # Set with the row: the last word is the lead's, and the category is open.
    answer_owed = models.BooleanField(default=False)
    answer_due_at = models.DateTimeField(null=True)

    # Attributes that only the campaign's lead list knows.
    location = NameField(max_length=300, blank=True)
    website = NameField(max_length=500, blank=True)
    phone = NameField(max_length=60, blank=True)
    linkedin = NameField(max_length=500, blank=True)
    custom_fields = models.JSONField(default=dict)

    owner = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="leads"
    )
    # The owner as of this moment: a read counts from when it was asked, our own write
    # from its answer. Empty: nobody has ever told us.
    owner_known_at = models.DateTimeField(null=True)
    # The same, but only reads of this one lead and our own writes; lists may lag.
    owner_sure_at = models.DateTimeField(null=True)
    owner_changed_at = models.DateTimeField(null=True)
    owner_written_at = models.DateTimeField(null=True)
    # When a read of this lead last left the owner out.
    owner_withheld_at = models.DateTimeField(null=True)
    # How long the page of its owner's list is awaited that should have this lead; in
    # the past: it came, and did not have it.
    page_awaited_until = models.DateTimeField(null=True)
    # A GET is wanted at this moment, because a list contradicted what we know.
    recheck_at = models.DateTimeField(null=True)
    rechecks = models.PositiveSmallIntegerField(default=0)

    # When `is_unread` is to be sent to Smartlead, as somebody here has set it; while it
    # is being sent, the end of the claim. Empty: it is what Smartlead says.
    read_due_at = models.DateTimeField(null=True)
    read_failures = models.PositiveSmallIntegerField(default=0)
    read_refusal = SentenceField(max_length=500, blank=True)

    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    missed_passes = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True)
    thread_at = models.DateTimeField(null=True)
    notes_at = models.DateTimeField(null=True)
    notes_unreadable = models.BooleanField(default=False)

    # Name, email, company, campaign and last message, folded, for the search box.
    search_text = models.TextField(blank=True)
    reply_order = models.GeneratedField(
        expression=Coalesce("last_reply_at", models.Value(NEVER)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    sent_order = models.GeneratedField(
        expression=Coalesce("last_sent_at", models.Value(NEVER)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    due_order = models.GeneratedField(
        expression=Coalesce("answer_due_at", models.Value(FOREVER)),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    objects = LeadQuerySet.as_manager()

    if TYPE_CHECKING:
        assignments: RelatedManager["Assignment"]
        suggestions: "SuggestionQuerySet"

    class Meta:
        indexes = [
            models.Index(
                F("reply_order").desc(), F("map_id").desc(), name="lead_by_reply"
            ),
            models.Index(
                F("sent_order").desc(), F("map_id").desc(), name="lead_by_sent"
            ),
            models.Index(fields=["due_order", "map_id"], name="lead_by_due"),
            models.Index(fields=["owner", "reply_order"], name="lead_by_owner"),
            models.Index(fields=["campaign", "reply_order"], name="lead_by_campaign"),
            models.Index(fields=["category", "reply_order"], name="lead_by_category"),
            models.Index(fields=["client_id", "reply_order"], name="lead_by_client"),
            # What few leads are, newest reply first.
            *(
                models.Index(
                    F("reply_order").desc(),
                    F("map_id").desc(),
                    name=f"lead_{flag}",
                    condition=Q(**{f"is_{flag}": True}),
                )
                for flag in ("important", "snoozed", "archived")
            ),
            # Who had a lead of the same company last.
            models.Index(F("company"), F("sent_order").desc(), name="lead_by_company"),
            # How many leads each owner has, counted without a look at the leads.
            models.Index(fields=["owner", "gone_at"], name="lead_present_by_owner"),
            # The load of each, counted in the index alone.
            models.Index(
                fields=["owner", "category"],
                name="lead_load_by_owner",
                condition=Q(gone_at=None, last_reply_at__isnull=False),
            ),
            # Who waits longest for each owner, and how many are overdue.
            models.Index(
                fields=["owner", "reply_order", "map_id", "due_order"],
                name="lead_waiting_by_owner",
                condition=Q(gone_at=None, answer_owed=True),
            ),
            models.Index(
                fields=["recheck_at"],
                name="lead_to_recheck",
                condition=Q(recheck_at__isnull=False),
            ),
            models.Index(
                fields=["read_due_at"],
                name="lead_read_to_send",
                condition=Q(read_due_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="lead_has_an_owner_only_if_somebody_told_us",
                condition=Q(owner=None) | Q(owner_known_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the name, else the e-mail, else "Lead <id>"; always something that can
        be seen.
        """
        return (
            displayed(f"{self.first_name} {self.last_name}")
            or displayed(self.email)
            or f"Lead {self.pk}"
        )

    @property
    def listed_reply_at(self) -> datetime | None:
        """Return the time of reply by which Smartlead's lists sort the lead, or None:
        `disregarded_reply_at`, or else `last_reply_at`.
        """
        return self.disregarded_reply_at or self.last_reply_at

    @property
    def owner_is_known(self) -> bool:
        return self.owner_known_at is not None

    @property
    def smartlead_url(self) -> str:
        """Return the address of the lead's conversation in Smartlead's own app."""
        query = urlencode({"action": "INBOX", "leadMap": self.pk})
        return f"{settings.SMARTLEAD_APP_URL}?{query}"
