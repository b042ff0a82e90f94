from datetime import timedelta
from typing import Any, Literal

from django import forms
from django.core import signing
from django.utils.functional import cached_property

from assignments.models import Lead, Member, User
from assignments.services.ledger.assign import ANY_OWNER, AnyOwner
from assignments.services.ledger.notes import LONGEST_NOTE
from assignments.services.routing.suggest_member import SuggestedMember, suggest_member
from assignments.services.sight import Sight
from dashboard.assign.member_choices import MemberOption, member_choices
from dashboard.form_fields import NOTE_TOO_LONG, LinesField

CHOOSE = "Choose who should have the lead."
SALT = "suggested member"
SIGNED_FOR = timedelta(days=1)


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
        widget=forms.Textarea(attrs={"rows": 1}),
        error_messages={"max_length": NOTE_TOO_LONG},
    )

    def __init__(self, data: Any = None, *, user: User, lead: Lead) -> None:
        super().__init__(data)
        self.lead = lead
        self.user = user
        # Whom the page shows as the one who has the lead, or gets it now.
        self.holder_id: int | None = None

    @cached_property
    def candidates(self) -> list[MemberOption]:
        return member_choices(self.user)

    @cached_property
    def suggested(self) -> SuggestedMember | None:
        return suggest_member(
            self.lead,
            self.candidates,
            holder_id=self.holder_id,
            sight=Sight.of(self.user),
        )

    @property
    def signed_suggestion(self) -> str:
        """Return whom the page suggests for which lead and why, signed: the reason that
        is recorded is the one that was shown. Empty without a suggestion.
        """
        if self.suggested is None:
            return ""
        shown = [self.lead.pk, self.suggested.member.pk, self.suggested.reason]
        return signing.dumps(shown, salt=SALT, compress=True)

    @property
    def suggested_reason(self) -> str:
        """Return the reason of the suggestion that was taken; empty if another member
        was chosen, or if none was shown within the last day.
        """
        signed = self.data.get("suggestion", "")
        try:
            shown = signing.loads(signed, salt=SALT, max_age=SIGNED_FOR)
        except signing.BadSignature:
            return ""
        lead_id, member_id, reason = shown
        taken = (self.lead.pk, self.cleaned_data["member"].pk)
        return str(reason) if (lead_id, member_id) == taken else ""

    @property
    def has_choice(self) -> bool:
        return any(one.member.pk != self.holder_id for one in self.candidates)

    @property
    def others(self) -> list[MemberOption]:
        """Return the candidates but the suggested one."""
        suggested = self.suggested and self.suggested.member.pk
        return [one for one in self.candidates if one.member.pk != suggested]

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
