"""The form with which somebody is invited: person, login, role and team."""

from typing import TYPE_CHECKING, Any

from django import forms

from assignments.models import Member, Team, User
from assignments.services.access import Role, active_members
from dashboard.form_fields import LineField

ROLES = [
    (Role.MEMBER, "Member: assigns the leads they own"),
    (Role.TEAM_LEAD, "Team lead: assigns all leads of a team"),
    (Role.SALES_MANAGER, "Sales manager: assigns every lead, changes all settings"),
]


if TYPE_CHECKING:  # generic for the type checker only
    _ModelChoice = forms.ModelChoiceField[Member]
else:
    _ModelChoice = forms.ModelChoiceField


class _MemberField(_ModelChoice):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj}, {obj.team}" if obj.team else f"{obj}"


class InvitationForm(forms.Form):
    login = LineField(
        max_length=150,
        required=False,
        label="Login or e-mail",
        validators=[User.username_validator],
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text="With an e-mail they sign in with it. Empty: the member's e-mail.",
    )
    member = _MemberField(
        active_members().filter(user=None).select_related("team"),
        required=False,
        label="Smartlead member",
        empty_label="Nobody: a login only",
    )
    name = LineField(
        max_length=300, required=False, help_text="Empty: the member's name."
    )
    role = forms.ChoiceField(choices=ROLES)
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="The member's own, or none"
    )

    def clean(self) -> dict[str, Any]:
        """Return what was chosen, with the member's name and address for empty fields.

        Raises ValidationError, for the field, if neither is known.
        """
        said = super().clean() or {}
        member = said.get("member")
        if "name" in said and not said["name"]:
            said["name"] = member.name if member else ""
            if not said["name"]:
                self.add_error("name", "Type their name.")
        if "login" in said and not said["login"]:
            said["login"] = member.email if member else ""
            if not said["login"]:
                self.add_error("login", "Type a login or an e-mail.")
        has_place = member or said.get("role") == Role.TEAM_LEAD
        if said.get("team") and not has_place:
            self.add_error("team", "Only Smartlead members and team leads have a team.")
        return said
