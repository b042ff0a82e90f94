from typing import Any

from django import forms

from assignments.models import Lead, Member, User
from assignments.services.access import members_to_choose
from assignments.services.assigning import ANYONE, Anyone
from assignments.services.notes import LONGEST

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
    note = forms.CharField(
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "max_length": "The note has %(show_value)s characters; %(limit_value)s is "
            "the most. Shorten it."
        },
    )
    def __init__(self, data: Any = None, *, user: User, lead: Lead) -> None:
        super().__init__(data)
        self.lead = lead
        self.choosable = members_to_choose(user)

    @property
    def shown_holder(self) -> int | Anyone | None:
        if "expected" not in self.data:
            return ANYONE
        expected: int | None = self.cleaned_data["expected"]
        return expected

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]
