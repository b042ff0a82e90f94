import zoneinfo
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from django import forms
from django.utils.functional import cached_property

from assignments.models import Lead, Member, Team, User
from assignments.services.ledger.assign import ANYONE, Anyone
from assignments.services.ledger.notes import LONGEST
from dashboard.assign.member_choices import Candidate, candidates_for
from dashboard.form_fields import LineField, LinesField

CHOOSE = "Choose who should have the lead."


TOO_LONG = (
    "The note has %(show_value)s characters; %(limit_value)s is the most. Shorten it."
)


class NoteForm(forms.Form):
    text = LinesField(
        max_length=LONGEST,
        error_messages={"required": "Write something first.", "max_length": TOO_LONG},
    )

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]


class AssignForm(forms.Form):
    member = forms.ModelChoiceField(
        Member.objects.all(),
        empty_label="Choose a member",
        error_messages={
            "required": CHOOSE,
            "invalid_choice": "There is no member with this id. " + CHOOSE,
        },
    )
    # Whom the page showed; empty for nobody, left out for "whoever it is".
    expected = forms.IntegerField(
        required=False,
        error_messages={"invalid": "`expected` must be a member's id, or empty."},
    )
    # Of a lead that is held in a coverage: whether it goes back with the others.
    until = forms.ChoiceField(
        choices=[("good", "For good"), ("back", "Until they are back")],
        required=False,
        error_messages={"invalid_choice": "`until` is `good` or `back`."},
    )
    note = LinesField(
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": TOO_LONG},
    )

    def __init__(self, data: Any = None, *, user: User, lead: Lead) -> None:
        super().__init__(data)
        self.lead = lead
        self.user = user

    @cached_property
    def candidates(self) -> list[Candidate]:
        return candidates_for(self.user)

    @property
    def shown_holder(self) -> int | Anyone | None:
        if "expected" not in self.data:
            return ANYONE
        expected: int | None = self.cleaned_data["expected"]
        return expected

    @property
    def wanted_until(self) -> Literal["good", "back"]:
        return "back" if self.cleaned_data["until"] == "back" else "good"

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]


def zone_choices(unset: str) -> list[tuple[str, str]]:
    return [("", unset), ("UTC", "UTC"), *((name, name) for name in _zones())]


@cache
def _zones() -> list[str]:
    """Cached: the names are found by opening some hundred files."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name)


class OwnSettingsForm(forms.Form):
    time_zone = forms.ChoiceField(required=False)
    theme = forms.ChoiceField(choices=User.Theme.choices)
    density = forms.ChoiceField(choices=User.Density.choices, label="Rows of the lists")
    single_keys = forms.BooleanField(
        required=False,
        label="Single keys act",
        help_text="j, k, a and the like. Off, if they get in your way.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101  for the type checker
        zone.choices = zone_choices("As set for everybody")


class NewMemberForm(forms.Form):
    member_id = forms.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        label="Smartlead id",
        error_messages={"min_value": "A Smartlead id is a number above 0."},
    )
    name = LineField(max_length=200)
    email = forms.EmailField(max_length=254, required=False, label="E-mail")
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="No team"
    )


if TYPE_CHECKING:  # generic for the type checker only
    _MemberForm = forms.ModelForm[Member]
else:
    _MemberForm = forms.ModelForm


class MemberForm(_MemberForm):
    """Reads the form; `people.edit_member` writes."""

    class Meta:
        model = Member
        fields = (
            "name", "email", "team", "user", "capacity", "time_zone", "is_active",
        )  # fmt: skip
        field_classes = {"name": LineField}
        labels = {"email": "E-mail", "user": "Login", "is_active": "Can be given leads"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = forms.ChoiceField(
            choices=zone_choices("Not known"), required=False
        )


class TeamForm(forms.Form):
    name = LineField(max_length=100)
    team_leads = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True).order_by("first_name", "username"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class UserForm(forms.Form):
    first_name = LineField(max_length=150)
    last_name = LineField(max_length=150, required=False)
    email = forms.EmailField(max_length=254, required=False, label="E-mail")
    is_sales_manager = forms.BooleanField(
        required=False,
        label="Sales manager",
        help_text="May assign any lead, manage people and pause writes.",
    )


class NewUserForm(UserForm):
    username = LineField(
        max_length=150, label="Login", validators=[User.username_validator]
    )
    field_order = ("username",)


class ExistingUserForm(UserForm):
    is_active = forms.BooleanField(
        required=False, label="May sign in", help_text="History keeps the name."
    )
