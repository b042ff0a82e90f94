"""The form that plans an absence, read into a draft for the planner."""

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

from assignments.models import Campaign, Category, Coverage, Member, User
from assignments.services.access import active_members, is_manager
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer
from dashboard.assign.member_choices import choosable
from dashboard.assign.pool_fields import id_of, is_id
from dashboard.form_fields import LinesField

NOT_A_DAY = "That is not a day. Write it as 2026-05-12."
NOT_A_TIME = "That is not a time. Write it as 13:00."
UNKNOWN_COVERER = (
    "Somebody chosen to cover is not active, or not in your team. Choose somebody else."
)
NOT_A_SHARE = "A share is a number, 1 for an even part."
LONGEST_COMMENT = 1000
EVEN = Decimal(1)


def members_to_plan(user: User) -> QuerySet[Member]:
    """Return the active members whose absences this user may plan or propose.

    For a sales manager all; else members of teams that the user leads, and the user's
    own.
    """
    active = active_members().select_related("team")
    if is_manager(user):
        return active
    return active.filter(Q(team__team_leads=user) | Q(user=user)).distinct()


def id_in(data: QueryDict, name: str) -> int | None:
    """Return the id that `data` has under `name`; None if it is missing or no row can
    have it.
    """
    return id_of(data.get(name, ""))


if TYPE_CHECKING:  # generic for the type checker only
    _Many = forms.ModelMultipleChoiceField[Any]
else:
    _Many = forms.ModelMultipleChoiceField


class ManyField(_Many):
    """A multiple choice for which an impossible id is an unknown choice, not an error."""

    def clean(self, value: Any) -> Any:
        for one in value or ():
            if str(one).isdecimal() and not is_id(str(one)):
                raise forms.ValidationError(
                    self.error_messages["invalid_pk_value"], code="invalid_pk_value"
                )
        return super().clean(value)


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={
            "required": f"Choose the {label.lower()}.",
            "invalid": NOT_A_DAY,
        },
    )


def _time(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": NOT_A_TIME},
    )


def _one_of(choices: list[tuple[str, str]], word: str) -> forms.ChoiceField:
    known = ", ".join(value for value, _ in choices)
    return forms.ChoiceField(
        choices=choices,
        required=False,
        error_messages={"invalid_choice": f"The {word} is one of: {known}."},
    )


class CoverageForm(forms.Form):
    """The form, always bound: to the defaults, or to what somebody typed."""

    member = forms.ModelChoiceField(
        Member.objects.none(),
        label="Who is away",
        empty_label=None,
        error_messages={
            "required": "Choose who is away.",
            "invalid_choice": "Choose a member whose absence you may plan.",
        },
    )
    from_now = forms.BooleanField(required=False, label="Away already: start now")
    first_day = _day("First day away")
    last_day = _day("Last day away")
    first_time = _time("Away from")
    last_time = _time("Away until")
    zone = forms.CharField(max_length=64, required=False)
    scope = _one_of(list(Coverage.Scope.choices), "scope")
    campaign = ManyField(
        Campaign.objects.all(),
        required=False,
        error_messages={
            "invalid_choice": "A campaign chosen here is not known (any more).",
            "invalid_pk_value": "A campaign chosen here is not known (any more).",
        },
    )
    category = ManyField(
        Category.objects.all(),
        required=False,
        error_messages={
            "invalid_choice": "A category chosen here is not known (any more).",
            "invalid_pk_value": "A category chosen here is not known (any more).",
        },
    )
    covering = ManyField(
        Member.objects.none(),
        required=False,
        error_messages={
            "invalid_choice": UNKNOWN_COVERER,
            "invalid_pk_value": UNKNOWN_COVERER,
        },
    )
    fallback = forms.ModelChoiceField(
        Member.objects.none(),
        required=False,
        error_messages={"invalid_choice": "Choose an active member of your team."},
    )
    arrivals = _one_of(list(Coverage.Arrivals.choices), "choice for arrivals")
    on_return = _one_of(list(Coverage.OnReturn.choices), "choice for the end")
    start_note = LinesField(required=False, widget=forms.Textarea)
    return_note = LinesField(required=False, widget=forms.Textarea)
    comment = LinesField(required=False, max_length=LONGEST_COMMENT)

    if TYPE_CHECKING:
        data: QueryDict

    def __init__(
        self, data: QueryDict, *, user: User, today: date, also: Iterable[int] = ()
    ) -> None:
        """Bind the form to `data`.

        With `from_now` and no first day, a copy of `data` gets `today` as first day.
        Away can be one of `members_to_plan`; cover and be the fallback, members whom
        `user` may choose and those with ids in `also`. Each id in `covering` gets a
        field `share_<id>`.
        """
        if data.get("from_now") and not data.get("first_day"):
            data = data.copy()
            data["first_day"] = today.isoformat()
        super().__init__(data)
        self.user, self.also = user, also
        members = choosable(user, also=also).select_related("team")
        self._choose_from("member", members_to_plan(user))
        self._choose_from("covering", members)
        self._choose_from("fallback", members)
        for pk in data.getlist("covering"):
            self.fields[f"share_{pk}"] = forms.CharField(required=False)

    def _choose_from(self, name: str, members: QuerySet[Member]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  for the type checker
        field.queryset = members

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"]
        member: Member | None = self.cleaned_data.get("member")
        zone = zone or (member.time_zone if member else "") or "UTC"
        if zone not in available_timezones():
            raise forms.ValidationError(
                f"“{zone[:60]}” is no time zone. Choose one of the list."
            )
        return zone

    def clean(self) -> dict[str, Any]:
        for member in self.cleaned_data.get("covering", ()):
            self._check_part(member)
        return self.cleaned_data

    def _check_part(self, member: Member) -> None:
        try:
            share = Decimal(self.data.get(f"share_{member.pk}", "").strip() or EVEN)
        except ArithmeticError:
            share = Decimal("NaN")
        if not share.is_finite():
            self.add_error(f"share_{member.pk}", NOT_A_SHARE)
            share = EVEN
        self.cleaned_data[f"share_{member.pk}"] = share
        for name, model in (("campaign", Campaign), ("category", Category)):
            asked = {pk for pk in self.data.getlist(f"{name}_{member.pk}") if pk}
            ids = [int(pk) for pk in asked if is_id(pk)]
            known = model.objects.filter(pk__in=ids).values_list("pk", flat=True)
            # Left out in silence, they would cover everything.
            if len(known) < len(asked):
                self.add_error(
                    f"share_{member.pk}",
                    f"A {name} chosen for {member} is not known (any more).",
                )
            self.cleaned_data[f"{name}_{member.pk}"] = tuple(known)

    @cached_property
    def draft(self) -> CoverageDraft:
        """Return the form as a draft, computed once; ask only after `is_valid()`
        returned True. Covering members stand in the form's order. Empty choices
        become scope ACTIVE, arrivals COVER and on_return RETURN.
        """
        said = self.cleaned_data
        return CoverageDraft(
            member=said["member"],
            first_day=said["first_day"],
            last_day=said["last_day"],
            first_time=said["first_time"],
            last_time=said["last_time"],
            zone=said["zone"],
            scope=Coverage.Scope(said["scope"] or Coverage.Scope.ACTIVE),
            campaigns=tuple(one.pk for one in said["campaign"]),
            categories=tuple(one.pk for one in said["category"]),
            coverers=tuple(self._coverer(member) for member in self._in_order()),
            arrivals=Coverage.Arrivals(said["arrivals"] or Coverage.Arrivals.COVER),
            on_return=Coverage.OnReturn(said["on_return"] or Coverage.OnReturn.RETURN),
            fallback=said["fallback"],
            start_note=said["start_note"],
            return_note=said["return_note"],
            comment=said["comment"],
            from_now=said["from_now"],
        )

    def _in_order(self) -> list[Member]:
        # The order of the form breaks ties.
        place = {pk: number for number, pk in enumerate(self.data.getlist("covering"))}
        chosen = self.cleaned_data["covering"]
        return sorted(chosen, key=lambda member: place.get(str(member.pk), 0))

    def _coverer(self, member: Member) -> DraftCoverer:
        return DraftCoverer(
            member=member,
            share=self.cleaned_data[f"share_{member.pk}"],
            campaigns=self.cleaned_data[f"campaign_{member.pk}"],
            categories=self.cleaned_data[f"category_{member.pk}"],
        )

    def say(self, problems: dict[str, list[str]]) -> None:
        """Add each sentence as an error of the field it stands under, or of the whole
        form if there is no such field. As Django's `add_error`, this takes the field
        out of `cleaned_data`.
        """
        for name, sentences in problems.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """Return (id of an element on the page, sentence) for each error, in the order
        of the fields. Errors of the whole form have the id `plan` and stand with
        those of the first field.
        """
        places = {name: place for place, name in enumerate(self.fields)}
        wrong = sorted(self.errors.items(), key=lambda one: places.get(one[0], 0))
        return [
            (ANCHORS.get(name) or anchor_of(name), str(error))
            for name, errors in wrong
            for error in errors
        ]


# Where a field is not one control: the group it is in.
ANCHORS = {"covering": "covering", "__all__": "plan", "scope": "scope"}


def anchor_of(name: str) -> str:
    return name.replace("_", "-") if name.startswith("share_") else f"id_{name}"


def typed_time(at: time | None) -> str:
    return f"{at:%H:%M}" if at else ""
