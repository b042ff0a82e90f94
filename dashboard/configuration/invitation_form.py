"""The form with which somebody is invited: person, login, role and team."""

from typing import Any

from django import forms

from assignments.models import Member, Team, User
from assignments.services.access import Role
from dashboard.form_fields import LineField

ROLES = [
    (Role.MEMBER, "Member: assigns the leads they own"),
    (Role.TEAM_LEAD, "Team lead: assigns all leads of a team"),
    (Role.SALES_MANAGER, "Sales manager: assigns every lead, changes all settings"),
]


class _MemberField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj}, {obj.team}" if obj.team else f"{obj}"


class InvitationForm(forms.Form):
    member = _MemberField(
        Member.objects.filter(is_active=True, user=None).select_related("team"),
        required=False,
        label="Smartlead member",
        empty_label="Nobody: a login only",
    )
    name = LineField(
        max_length=300, required=False, help_text="Leave it empty to use the member’s."
    )
    login = LineField(
        max_length=150,
        required=False,
        label="Login or e-mail",
        validators=[User.username_validator],
        help_text="Leave it empty to use the member’s e-mail.",
    )
    role = forms.ChoiceField(choices=ROLES)
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="The member’s own, or none"
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
