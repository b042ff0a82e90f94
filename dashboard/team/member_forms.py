from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import Q

from assignments.models import Member, Team, User
from dashboard.form_fields import LineField, zone_choices


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
    """The form of a member; `people.members.edit_member` writes."""

    class Meta:
        model = Member
        fields = (
            "name", "email", "team", "user", "capacity", "time_zone", "is_active",
        )  # fmt: skip
        field_classes = {"name": LineField}
        labels = {"email": "E-mail", "user": "Login", "is_active": "Can be given leads"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Q(member=None, is_active=True) | Q(member=self.instance)
        logins = cast("forms.ModelChoiceField[User]", self.fields["user"])
        logins.queryset = User.objects.filter(own).order_by("first_name", "username")
        self.fields["time_zone"] = forms.ChoiceField(
            choices=zone_choices("Not known"), required=False
        )
