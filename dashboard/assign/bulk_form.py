"""The form for many leads: which leads, who may get them, and by which strategy."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property

from assignments.models import Lead, LookupTable, Member, User
from assignments.models.plan import StrategyKind
from assignments.services import note_templates
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from assignments.services.ledger.notes import LONGEST_NOTE
from assignments.services.sight import visible_leads
from dashboard.assign.member_choices import member_choices
from dashboard.assign.pool_fields import PoolFields, id_of
from dashboard.form_fields import LinesField
from dashboard.inbox.filter import InboxFilter
from dashboard.inbox.filter_chips import Chip, chips_of

MOST_LEADS = 500  # named one by one; a filter has no limit
LONGEST_REASON = 300
LONGEST_QUERY = 2000
TABLES = (StrategyKind.TERRITORY, StrategyKind.EXPERTISE)
SPREADS = (StrategyKind.LEAST_BUSY, StrategyKind.ROUND_ROBIN)
# Each way to share leads out, with what it does.
HOWS = {
    StrategyKind.LEAST_BUSY: (
        "Even out open work",
        "each lead goes to whoever then has the fewest open leads for their share",
    ),
    StrategyKind.ROUND_ROBIN: (
        "In turn",
        "each gets the same number of these leads, or their share of them, whatever "
        "they have open",
    ),
    StrategyKind.TERRITORY: ("By territory", "a table says who gets which lead"),
    StrategyKind.EXPERTISE: ("By expertise", "a table says who gets which lead"),
}
TOO_LONG = (
    "The {} has %(show_value)s characters; %(limit_value)s is the most. Shorten it."
)
NAMED = ("campaign", "category")  # filters whose value says it all
KEPT = ("lead", "filter", "strategy", "table", "member", "reason", "note", "next")
OF_MEMBERS = ("weight_", "cap_")
KNOWN = (*KEPT, "csrfmiddlewaretoken", "plan", "start", "seen", "confirm")


if TYPE_CHECKING:  # generic for the type checker only
    _ManyMembers = forms.ModelMultipleChoiceField[Member]
else:
    _ManyMembers = forms.ModelMultipleChoiceField


class ManyMembers(_ManyMembers):
    default_error_messages = {
        "invalid_choice": "There is no member with the id %(value)s. Choose again.",
        "invalid_pk_value": "There is no member with the id “%(pk)s”. Choose again.",
    }

    def clean(self, value: Any) -> QuerySet[Member]:
        for text in value or ():
            if id_of(str(text)) is None:
                sentence = self.error_messages["invalid_pk_value"]
                raise forms.ValidationError(sentence, params={"pk": str(text)[:30]})
        members: QuerySet[Member] = super().clean(value)
        return members


class PlanNoteForm(forms.Form):
    """A note that goes to each lead of a plan."""

    note = LinesField(
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": TOO_LONG.format("note")},
    )

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        if problem := note_templates.placeholder_problem(note):
            raise forms.ValidationError(problem)
        return note


class PlanForm(PlanNoteForm):
    strategy = forms.ChoiceField(
        choices=StrategyKind.choices,
        required=False,
        label="How",
        error_messages={"invalid_choice": "There is no strategy “%(value)s”."},
    )
    table = forms.ModelChoiceField(
        LookupTable.objects.all(),
        required=False,
        empty_label="Choose a table",
        error_messages={"invalid_choice": "There is no such table (any more)."},
    )
    member = ManyMembers(Member.objects.all(), required=False)
    reason = LinesField(
        required=False,
        max_length=LONGEST_REASON,
        error_messages={"max_length": TOO_LONG.format("reason")},
    )

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        self.given = data
        self.user = user
        self.is_judged = False
        table = self.fields["table"]
        assert isinstance(table, forms.ModelChoiceField)  # noqa: S101  declared above
        table.queryset = LookupTable.objects.filter(kind=self.kind)

    @property
    def is_asked(self) -> bool:
        """Return True if the data has a `strategy` or a `member`, even an empty one;
        before there is nothing to preview.
        """
        return any(name in self.given for name in ("strategy", "member"))

    @property
    def is_begun(self) -> bool:
        """Return True while neither a member nor a table is given: too early to say
        what is missing.
        """
        return not any(self.given.get(name) for name in ("member", "table"))

    def judge(self) -> bool:
        """Return True if the form is valid.

        Sets `is_judged`, without which `sentences` is empty.
        """
        self.is_judged = True
        return self.is_valid()

    @property
    def ids(self) -> list[int]:
        named = dict.fromkeys(self.given.getlist("lead"))
        return [number for text in named if (number := id_of(text)) is not None]

    @cached_property
    def filter(self) -> InboxFilter | None:
        if "filter" not in self.given:
            return None
        form = InboxFilter(QueryDict(self._query), user=self.user)
        form.full_clean()
        return form

    @cached_property
    def strangers(self) -> list[str]:
        """Return names in the address that neither the filter nor this form knows,
        those of the filter first. Passed over, more leads would match: `problem`
        refuses them. Empty without a filter.
        """
        if self.filter is None:
            return []
        beside = [
            name
            for name in self.given
            if name not in KNOWN and not name.startswith(OF_MEMBERS)
        ]
        return self.filter.strangers + beside

    @property
    def _query(self) -> str:
        return str(self.given.get("filter", ""))

    @cached_property
    def chips(self) -> list[Chip]:
        return chips_of(self.filter) if self.filter and not self.problem else []

    @cached_property
    def leads(self) -> QuerySet[Lead]:
        if self.filter is not None:
            return self.filter.leads(at=timezone.now())
        return visible_leads(self.user).filter(pk__in=self.ids[:MOST_LEADS])

    @cached_property
    def count(self) -> int:
        return self.leads.order_by().count()

    @cached_property
    def problem(self) -> str:
        """Return a sentence why these leads cannot be taken together; empty if they
        can. By a filter: it is too long, has unknown names, is not valid, or matches
        nothing. By ids: there is none, more than MOST_LEADS, or some that cannot be
        found.
        """
        if len(self._query) > LONGEST_QUERY:  # cut short it would match more leads
            return "This filter is too long. Choose fewer things in the inbox."
        if self.filter is not None:
            if self.strangers:
                return (
                    f"There is no filter “{self.strangers[0][:30]}”. Nothing is chosen: "
                    "go back to the inbox and filter again."
                )
            if not self.filter.is_valid():
                return " ".join(self.filter.sentences)
            return "" if self.count else "No lead matches this filter (any more)."
        wanted = len(dict.fromkeys(self.given.getlist("lead")))
        if not wanted:
            return "Select at least one lead first."
        if wanted > MOST_LEADS:
            return (
                f"{wanted} leads are too many to name one by one: {MOST_LEADS} is the "
                "most. Use a filter instead."
            )
        if missing := wanted - self.count:
            return (
                f"{missing} of these leads cannot be found. Go back and select again."
            )
        return ""

    def clean_strategy(self) -> StrategyKind:
        return StrategyKind(self.cleaned_data["strategy"] or StrategyKind.LEAST_BUSY)

    def clean(self) -> dict[str, Any]:
        if self.problem:
            raise forms.ValidationError(self.problem)
        said = self.cleaned_data
        kind, members = said.get("strategy"), list(said.get("member") or ())
        if kind in TABLES:
            if not said.get("table"):
                raise forms.ValidationError("Choose the table that says who.")
        elif kind and not members and "member" not in self.errors:
            raise forms.ValidationError("Choose who should have the leads.")
        elif kind == StrategyKind.MEMBER and len(members) > 1:
            raise forms.ValidationError(
                "Choose one person only, or a way to share the leads among several."
            )
        self.weights, self.caps = self.pool.weights(), self.pool.caps()
        if kind in SPREADS and len(members) == 1 and not self.caps:
            said["strategy"] = StrategyKind.MEMBER  # a person's choice, also if full
        return said

    @property
    def part(self) -> PlanPart:
        said = self.cleaned_data
        table = said["table"] if said["strategy"] in TABLES else None
        wish = AllocationRequest(
            strategy=said["strategy"],
            members=list(said["member"]),
            weights=self.weights,
            caps=self.caps,
            table=table,
        )
        return PlanPart(leads=self.leads, wish=wish)

    @property
    def query(self) -> str:
        """Return the names of KEPT, the weights and the limits in the data as a query
        string. Empty values are left out, but for an empty `filter`, which stands
        for all leads.
        """
        return urlencode(
            [
                (name, value)
                for name, values in self.given.lists()
                if name in KEPT or name.startswith(OF_MEMBERS)
                for value in values
                if value or name == "filter"
            ]
        )

    @cached_property
    def pool(self) -> PoolFields:
        """Return the members whom the user may choose, each with its tick and the
        weight and limit that were typed.
        """
        return PoolFields(member_choices(self.user), self.given)

    @property
    def subject(self) -> str:
        """Return the filter in a few words, to name the batch; "" for named leads."""
        if self.filter is None:
            return ""
        said = self.filter.cleaned_data
        words = [
            str(said[chip.name]) if chip.name in NAMED else chip.words
            for chip in self.chips
        ]
        return ", ".join(words) or "All leads"

    @property
    def kind(self) -> str:
        return self.given.get("strategy") or StrategyKind.LEAST_BUSY

    @cached_property
    def hows(self) -> list[tuple[str, str, str]]:
        """Return the ways to share leads out: value, name, and what it does.

        By a table only where there is one of that kind, or the form says so.
        """
        kinds = set(LookupTable.objects.order_by().values_list("kind", flat=True))
        return [
            (kind.value, *words)
            for kind, words in HOWS.items()
            if kind in SPREADS or kind in kinds or kind == self.kind
        ]

    @property
    def has_tables(self) -> bool:
        return self.kind in TABLES

    @property
    def is_spread(self) -> bool:
        return self.kind != StrategyKind.MEMBER

    @property
    def sentences(self) -> list[str]:
        if not self.is_judged:
            return []
        return [str(error) for errors in self.errors.values() for error in errors]
