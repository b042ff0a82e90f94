from typing import Any, Literal

from django import forms
from django.utils.functional import cached_property

from assignments.models import Lead, Member, User
from assignments.services.ledger.assign import ANY_OWNER, AnyOwner
from assignments.services.ledger.notes import LONGEST_NOTE
from dashboard.assign.member_choices import MemberOption, member_choices
from dashboard.form_fields import NOTE_TOO_LONG, LinesField

CHOOSE = "Choose who should have the lead."


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
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": NOTE_TOO_LONG},
    )

    def __init__(self, data: Any = None, *, user: User, lead: Lead) -> None:
        super().__init__(data)
        self.lead = lead
        self.user = user

    @cached_property
    def candidates(self) -> list[MemberOption]:
        return member_choices(self.user)

    @property
    def shown_holder(self) -> int | AnyOwner | None:
        if "expected" not in self.data:
            return ANY_OWNER
        expected: int | None = self.cleaned_data["expected"]
        return expected

    @property
    def wanted_until(self) -> Literal["good", "back"]:
        return "back" if self.cleaned_data["until"] == "back" else "good"

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]
