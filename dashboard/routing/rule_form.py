"""The form of a routing rule: conditions, strategy, pool."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property

from assignments.models import (
    Campaign,
    Category,
    LookupTable,
    RoutingRule,
    RuleMember,
    User,
)
from assignments.models.plan import StrategyKind
from assignments.services.periods import moment_from
from assignments.services.routing.data import Attribute, RuleData, RulePoolMember
from assignments.services.routing.load import BY_TABLE, condition_data, load_tables
from assignments.services.routing.rules import (
    LONGEST_NAME,
    PoolMemberInput,
    RuleInput,
    rule_problem,
)
from dashboard.assign.member_choices import member_choices
from dashboard.assign.pool_fields import PoolFields, is_id
from dashboard.form_fields import LineField, LinesField

LONGEST_LIST = 10_000
LISTS = {
    "client": Attribute.CLIENT,
    "location": Attribute.LOCATION,
    "email_domain": Attribute.EMAIL_DOMAIN,
    "top_level_domain": Attribute.TOP_LEVEL_DOMAIN,
}
SEVERAL = frozenset({"campaign", "category"})
DATE = "%Y-%m-%dT%H:%M"


class RuleForm(forms.Form):
    name = LineField(max_length=LONGEST_NAME)
    mode = forms.ChoiceField(choices=RoutingRule.Mode)
    whose = forms.ChoiceField(choices=RoutingRule.Whose, label="Which leads")
    since = forms.DateTimeField(
        required=False,
        label="That came since",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DATE),
        help_text="When the last reply came. Empty: also those that have long waited.",
    )
    campaign = forms.MultipleChoiceField(required=False, label="Campaign")
    category = forms.MultipleChoiceField(required=False, label="Category")
    client = forms.CharField(
        required=False, max_length=LONGEST_LIST, label="Client, by its Smartlead id"
    )
    location = LinesField(required=False, max_length=LONGEST_LIST)
    email_domain = LinesField(
        required=False, max_length=LONGEST_LIST, label="Domain of the e-mail"
    )
    top_level_domain = LinesField(
        required=False, max_length=LONGEST_LIST, label="Ending of the e-mail"
    )
    custom = LinesField(
        required=False,
        max_length=LONGEST_LIST,
        label="Custom fields",
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": "industry = food, wine"}
        ),
        help_text="A line for each field, with its values. All lines must fit.",
    )
    strategy = forms.ChoiceField(choices=StrategyKind.choices, label="How")
    table = forms.ModelChoiceField(
        LookupTable.objects.all(), required=False, empty_label="Choose a table"
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        user: User,
        rule: RoutingRule | None = None,
        draft: QueryDict | None = None,
    ) -> None:
        """Take `data` as sent. A `draft` was typed before and is shown unchecked, in
        place of what the rule has.
        """
        super().__init__(data, initial=_initial(rule) | _typed(draft))
        self.user = user
        self.rule = rule
        self.draft = draft
        for name, choices in (("campaign", _campaigns()), ("category", _categories())):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  for mypy
            field.choices = _with_lost(choices, self[name].value())

    @cached_property
    def pool(self) -> PoolFields:
        """Return the members to choose from, with the weight and limit of each.

        These are as typed if the form was sent or is a draft, else as the rule has
        them. Members of the rule are among them even if this user could not choose
        them, or nobody can any more.
        """
        said = self.data if self.is_bound else self.draft or self._kept_pool()
        assert isinstance(said, QueryDict)  # noqa: S101  what a view gives
        also = [one.member_id for one in self._kept]
        return PoolFields(member_choices(self.user, also=also), said)

    @cached_property
    def _kept(self) -> list[RuleMember]:
        return list(self.rule.pool.all()) if self.rule else []

    def _kept_pool(self) -> QueryDict:
        said = QueryDict(mutable=True)
        for one in self._kept:
            said.appendlist("member", str(one.member_id))
            said[f"weight_{one.member_id}"] = _plain(one.weight)
            said[f"cap_{one.member_id}"] = "" if one.cap is None else str(one.cap)
        return said

    def clean_custom(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.cleaned_data["custom"].splitlines():
            if not line.strip():
                continue
            name, equals, values = line.partition("=")
            listed = _listed(values)
            if not equals or not name.strip() or not listed:
                raise forms.ValidationError(
                    f"“{line.strip()[:60]}” is not a field and its values, like "
                    "“industry = food, wine”."
                )
            if len(name.strip()) > 100:
                raise forms.ValidationError("The name of a field is too long.")
            found.setdefault(name.strip(), []).extend(listed)
        return found

    def clean_client(self) -> str:
        text: str = self.cleaned_data["client"]
        if wrong := [one for one in _listed(text) if not is_id(one)]:
            raise forms.ValidationError(
                f"“{wrong[0][:60]}” is no client's id in Smartlead, which is a number."
            )
        return text

    def clean_seen(self) -> datetime | None:
        return moment_from(self.cleaned_data["seen"])

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        self.seats = self._seats()
        if not self.errors and (problem := rule_problem(self.wish, self.rule)):
            raise forms.ValidationError(problem)
        return said

    def _seats(self) -> list[PoolMemberInput]:
        weights, caps = self.pool.weights(), self.pool.caps()
        return [
            PoolMemberInput(
                member=seat.member,
                weight=_decimal(weights.get(seat.member.pk, Fraction(1))),
                cap=caps.get(seat.member.pk),
            )
            for seat in self.pool.chosen()
        ]

    @property
    def wish(self) -> RuleInput:
        said = self.cleaned_data
        return RuleInput(
            name=said["name"].strip(),
            mode=said["mode"],
            whose=said["whose"],
            strategy=said["strategy"],
            since=said["since"],
            table=said["table"],
            conditions=self._conditions(),
            pool=self.seats,
        )

    def _conditions(self) -> dict[tuple[str, str], list[str]]:
        said = self.cleaned_data
        asked = {
            (Attribute.CAMPAIGN.value, ""): said["campaign"],
            (Attribute.CATEGORY.value, ""): said["category"],
        }
        for name, attribute in LISTS.items():
            asked[attribute.value, ""] = _listed(said[name])
        for field, values in said["custom"].items():
            asked[Attribute.CUSTOM.value, field] = values
        return {key: values for key, values in asked.items() if values}

    @property
    def facts(self) -> RuleData:
        """Return the valid form as a rule to be tried before it is saved.

        Its mode is ON whatever was typed; its pk is 0 if it is new. The table is left
        out if the strategy uses none.
        """
        wish = self.wish
        names = {
            Attribute.CAMPAIGN.value: dict(_campaigns()),
            Attribute.CATEGORY.value: dict(_categories()),
        }
        table = wish.table if wish.strategy in BY_TABLE else None
        return RuleData(
            pk=self.rule.pk if self.rule else 0,
            name=wish.name,
            mode=RoutingRule.Mode.ON,
            whose=wish.whose,
            since=wish.since,
            conditions=tuple(
                condition_data(attribute, field, values, names)
                for (attribute, field), values in wish.conditions.items()
            ),
            strategy=wish.strategy,
            table=load_tables([table])[table.pk] if table else None,
            pool=tuple(
                RulePoolMember(
                    member_id=one.member.pk, weight=Fraction(one.weight), cap=one.cap
                )
                for one in wish.pool
            ),
        )


def _typed(draft: QueryDict | None) -> dict[str, Any]:
    """Return what was typed in the fields of a draft, by field name."""
    if draft is None:
        return {}
    fields = RuleForm.base_fields
    return {
        name: draft.getlist(name) if name in SEVERAL else draft[name]
        for name in fields
        if name in draft
    }


def _initial(rule: RoutingRule | None) -> dict[str, Any]:
    if rule is None:
        now = timezone.localtime().replace(second=0, microsecond=0)
        return {"mode": RoutingRule.Mode.SUGGEST, "since": now}
    names = ("name", "mode", "whose", "since", "strategy", "table")
    found: dict[str, Any] = {name: getattr(rule, name) for name in names}
    lines = []
    for one in rule.conditions.all():
        if one.attribute == Attribute.CUSTOM:
            lines.append(f"{one.custom_field} = {', '.join(one.values)}")
        elif one.attribute in LISTS.values():
            found[one.attribute] = ", ".join(one.values)
        else:
            found[one.attribute] = one.values
    return found | {"custom": "\n".join(lines), "seen": rule.changed_at.isoformat()}


def _campaigns() -> list[tuple[str, str]]:
    return [(str(one.pk), str(one)) for one in Campaign.objects.all()]


def _categories() -> list[tuple[str, str]]:
    return [(str(one.pk), str(one)) for one in Category.objects.all()]


def _with_lost(
    choices: list[tuple[str, str]], chosen: Iterable[str] | None
) -> list[tuple[str, str]]:
    """Return the choices, then chosen ids that are not among them, each named `<id>, no
    longer known`, so that they can be taken out. Chosen texts that are no ids are
    left out.
    """
    known = {value for value, _ in choices}
    lost = [value for value in chosen or () if value not in known and is_id(value)]
    return [*choices, *((value, f"{value}, no longer known") for value in lost)]


def _listed(text: str) -> list[str]:
    """Return the values between commas, semicolons or line breaks, each once, in order.

    Runs of white space become one space, values are cut after 200 characters, empty
    ones are left out.
    """
    plain = text.replace(";", ",").replace("\n", ",")
    parts = [" ".join(part.split())[:200] for part in plain.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def _decimal(weight: Fraction) -> Decimal:
    return round(Decimal(weight.numerator) / Decimal(weight.denominator), 2)


def _plain(weight: Decimal) -> str:
    return "" if weight == 1 else f"{weight.normalize():f}"
