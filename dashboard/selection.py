"""Several leads chosen in a list, to be given to one member."""

from typing import Any

from django import forms
from django.utils.functional import cached_property

from assignments.models import Assignment, Batch, Lead, Member, User
from assignments.models.assignment import State
from dashboard.candidates import Candidate, candidates_for
from dashboard.forms import CHOOSE

MOST_LEADS = 500
LONGEST_REASON = 300
LARGEST_ID = 2**63 - 1


class AssignManyForm(forms.Form):
    member = forms.ModelChoiceField(
        Member.objects.all(),
        error_messages={
            "required": CHOOSE,
            "invalid_choice": "There is no member with this id. " + CHOOSE,
        },
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        error_messages={
            "max_length": "The reason has %(show_value)s characters; %(limit_value)s is "
            "the most. Shorten it."
        },
    )

    def __init__(self, data: Any = None, *, user: User, wanted: list[str]) -> None:
        super().__init__(data)
        self.user = user
        self.wanted = list(dict.fromkeys(wanted))

    def clean(self) -> dict[str, Any]:
        if self.problem:
            raise forms.ValidationError(self.problem)
        return self.cleaned_data

    @cached_property
    def leads(self) -> list[Lead]:
        ids = [int(text) for text in self.wanted if text.isdecimal()]
        known = Lead.objects.select_related("owner__team")
        some = [pk for pk in ids if pk <= LARGEST_ID][:MOST_LEADS]
        return list(known.filter(pk__in=some).order_by("-reply_order"))

    @cached_property
    def problem(self) -> str:
        """Why these leads cannot be taken together; empty if they can."""
        if not self.wanted:
            return "Select at least one lead first."
        if len(self.wanted) > MOST_LEADS:
            return f"{len(self.wanted)} leads are too many: {MOST_LEADS} is the most."
        if missing := len(self.wanted) - len(self.leads):
            return (
                f"{missing} of these leads cannot be found. Go back and select again."
            )
        return ""

    @cached_property
    def candidates(self) -> list[Candidate]:
        return candidates_for(self.user)

    @property
    def why(self) -> str:
        """The reason that history will give."""
        said: str = self.cleaned_data["reason"]
        to = self.cleaned_data["member"]
        return said or f"{self.user} chose {to} for {leads_in_words(len(self.leads))}."

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]


def leads_in_words(count: int) -> str:
    return f"{count} lead{'' if count == 1 else 's'}"


def outcome_of(batch: Batch, to: Member) -> str:
    """What became of a batch just now: how many go, and who stays and why."""
    rows = list(batch.assignments.select_related("lead"))
    going = [row for row in rows if row.state == State.WAITING]
    verb = "is" if len(going) == 1 else "are"
    said = [f"{leads_in_words(len(going))} {verb} on the way to {to}."] if going else []
    return " ".join([*said, *_staying(rows)])


def _staying(rows: list[Assignment]) -> list[str]:
    stay: dict[str, list[str]] = {}
    for row in rows:
        if row.state == State.SKIPPED:
            stay.setdefault(row.outcome, []).append(str(row.lead))
    return [
        f"{names[0] if len(names) == 1 else leads_in_words(len(names))} left alone: {why}"
        for why, names in stay.items()
    ]
