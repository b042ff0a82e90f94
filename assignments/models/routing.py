from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.assignment import HistoryIsKept
from assignments.models.lookup_table import LookupTable
from assignments.models.plan import StrategyKind
from assignments.models.text_fields import NamedModel, NameField, SentenceField

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

USER = settings.AUTH_USER_MODEL


class RoutingRuleQuerySet(models.QuerySet["RoutingRule"]):
    def kept(self) -> Self:
        """Return rules that were not removed, by position, then id."""
        return self.filter(removed_at=None).order_by("position", "pk")


class RoutingRule(NamedModel):
    """Condition, strategy and pool, in order: who gets a lead by itself.

    The first rule that matches a lead decides about it. Removed rules stay for history.
    """

    class Mode(models.TextChoices):
        ON = "on", "On"
        SUGGEST = "suggest", "Suggest only"
        OFF = "off", "Off"

    class Whose(models.TextChoices):
        NOBODYS = "nobodys", "Leads without an owner"
        AWAY = "away", "Leads of members who are away, where no coverage takes them"
        EITHER = "either", "Both"

    name = NameField(max_length=100)
    position = models.PositiveIntegerField()
    mode = models.CharField(max_length=7, choices=Mode, default=Mode.OFF)
    whose = models.CharField(
        max_length=7, choices=Whose, default=Whose.NOBODYS, verbose_name="which leads"
    )
    # Leads that came earlier are left as they are; empty: all of them.
    since = models.DateTimeField(null=True)
    strategy = models.CharField(max_length=20, choices=StrategyKind)
    table = models.ForeignKey(
        LookupTable, on_delete=models.PROTECT, null=True, related_name="rules"
    )
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    changed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects = RoutingRuleQuerySet.as_manager()

    if TYPE_CHECKING:
        conditions: RelatedManager["RuleCondition"]
        pool: RelatedManager["RuleMember"]
        table_id: int | None

    class Meta:
        ordering = ("position", "id")
        constraints = [
            models.UniqueConstraint(
                name="each_routing_rule_has_its_own_name",
                fields=["name"],
                condition=Q(removed_at=None),
            ),
            models.CheckConstraint(
                name="a_rule_by_table_names_its_table",
                condition=~Q(strategy__in=("territory", "expertise"))
                | Q(table__isnull=False)
                | Q(removed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise HistoryIsKept("Routing rules are removed, and stay for history.")


class RuleCondition(models.Model):
    """An attribute of the lead has one of these values; all conditions must hold."""

    rule = models.ForeignKey(
        RoutingRule, on_delete=models.CASCADE, related_name="conditions"
    )
    attribute = models.CharField(max_length=20, choices=LookupTable.Attribute)
    custom_field = NameField(max_length=100, blank=True)
    # As typed; campaigns, categories and clients by their Smartlead id.
    values = models.JSONField(default=list)

    class Meta:
        ordering = ("attribute", "custom_field", "id")
        constraints = [
            models.UniqueConstraint(
                name="an_attribute_once_in_a_rule",
                fields=["rule", "attribute", "custom_field"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_attribute_display()} of {self.rule_id}"


class RuleMember(models.Model):
    """A member in the pool of a rule. For tables: the default."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.CASCADE, related_name="pool")
    member = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    weight = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(1))
    # At most so many open leads, where this rule gives them; beside their capacity.
    cap = models.PositiveIntegerField(null=True)

    if TYPE_CHECKING:
        member_id: int

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                name="each_member_once_in_a_pool", fields=["rule", "member"]
            ),
            models.CheckConstraint(
                name="a_weight_is_above_nothing", condition=Q(weight__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.rule_id}"


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def open(self) -> Self:
        return self.filter(state=Suggestion.State.OPEN)

    def acceptable(self) -> Self:
        """Return open suggestions whose member still gets leads."""
        return self.open().filter(member__is_active=True)


class Suggestion(models.Model):
    """An assignment that a rule or a breach suggests; a person accepts or dismisses it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"
        # It no longer holds: the lead, the rule or the member changed.
        WITHDRAWN = "withdrawn", "Withdrawn"

    rule = models.ForeignKey(
        RoutingRule, on_delete=models.PROTECT, null=True, related_name="suggestions"
    )
    breach = models.OneToOneField(
        "Breach", on_delete=models.PROTECT, null=True, related_name="suggestion"
    )
    lead = models.ForeignKey(
        "Lead", on_delete=models.PROTECT, related_name="suggestions"
    )
    member = models.ForeignKey("Member", on_delete=models.PROTECT, related_name="+")
    # Whom the lead belonged to when this was suggested; empty: nobody.
    owner = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = SentenceField(max_length=500)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        USER, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = SuggestionQuerySet.as_manager()

    if TYPE_CHECKING:
        lead_id: int
        member_id: int
        owner_id: int | None

    class Meta:
        indexes = [
            models.Index(
                fields=["-id"], name="suggestion_open", condition=Q(state="open")
            ),
            models.Index(fields=["lead", "state"], name="suggestion_by_lead"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_open_suggestion_per_lead",
                fields=["lead"],
                condition=Q(state="open"),
            ),
            models.CheckConstraint(
                name="a_suggestion_comes_from_a_rule_or_a_breach",
                condition=Q(rule=None, breach__isnull=False)
                | Q(rule__isnull=False, breach=None),
            ),
            models.CheckConstraint(
                name="a_decided_suggestion_says_when",
                condition=Q(state="open", decided_at=None)
                | ~Q(state="open") & Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Suggestion {self.pk}"
