"""The filter of the history: a query string, checked, as rows of the ledger."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import OuterRef, Q, QuerySet, Subquery

from assignments.models import Assignment, Batch, Coverage, Hold, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.services.sight import Sight, visible_leads
from dashboard.assign.batch_progress import visible_batches
from dashboard.filters import QueryFilter, day_field, total_of, within
from dashboard.pagination import Cursor, Order, Page, in_chunks, page_of

NEWEST_FIRST = Order(first="created_at", key="pk", descending=True)
EXPORT_CHUNK = 200
# Half of the time of an export would go into fields that it does not show.
EXPORTED = (
    "created_at", "lead__first_name", "lead__last_name", "lead__email", "lead__company",
    "expected__name", "expected_known", "to__name", "found__name", "cause",
    "actor__first_name", "actor__last_name", "actor__username", "reason", "state",
    "outcome", "finished_at", "verified_at", "batch_id", "until_back",
)  # fmt: skip
UNKNOWN = "There is no {} with the id “%(value)s” here."


class HistoryFilter(QueryFilter):
    CHOOSERS = ("member", "actor", "cause", "state")
    FILTERS = (
        "lead", "member", "actor", "cause", "state", "from", "to", "batch", "coverage",
    )  # fmt: skip

    member = forms.ModelChoiceField(
        Member.objects.all(), required=False, empty_label="Member"
    )
    actor = forms.ModelChoiceField(
        User.objects.order_by("first_name", "last_name", "username"),
        required=False,
        empty_label="Changed by",
        label="Changed by",
    )
    cause = forms.ChoiceField(choices=[("", "Cause"), *Cause.choices], required=False)
    state = forms.ChoiceField(choices=[("", "State"), *State.choices], required=False)
    to = day_field("Up to")
    lead = forms.ModelChoiceField(
        Lead.objects.none(), required=False, widget=forms.HiddenInput
    )
    batch = forms.ModelChoiceField(
        Batch.objects.none(), required=False, widget=forms.HiddenInput
    )

    coverage = forms.ModelChoiceField(
        Coverage.objects.select_related("member"),
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, data: Any, *, viewer: User) -> None:
        super().__init__(data)
        self.sight = Sight.of(viewer)
        seen = visible_leads(viewer).select_related("owner")
        self.fields["lead"].queryset = seen  # type: ignore[attr-defined]
        batches = visible_batches(viewer)
        self.fields["batch"].queryset = batches  # type: ignore[attr-defined]
        for name in ("member", "actor", "lead", "batch", "coverage"):
            self.fields[name].error_messages["invalid_choice"] = UNKNOWN.format(
                "user" if name == "actor" else name
            )
        for name in ("cause", "state"):
            self.fields[name].error_messages["invalid_choice"] = (
                f"The {name} “%(value)s” does not exist."
            )

    @property
    def fixed(self) -> list[tuple[str, str]]:
        """Return (words, query) for each of lead, batch and coverage in the filter, in
        this order; they have no menu. Words are like `Lead: Jane Doe`, `query` is
        the query string without this one filter. The form must be valid.
        """
        said = self.given()
        return [
            (
                f"{name.capitalize()}: {self.cleaned_data[name]}",
                urlencode({key: said[key] for key in said if key != name}),
            )
            for name in ("lead", "batch", "coverage")
            if name in said
        ]

    def changes(self) -> QuerySet[Assignment]:
        seen = self.sight.leads("lead__")
        known = Assignment.objects.filter(seen, *self._conditions())
        return known.select_related("lead", "expected", "to", "actor", "found")

    def page(self, after: str) -> Page[Assignment]:
        """Return up to 50 changes of the filter, newest first, with their cursors.

        `after` is an encoded cursor; empty, it is the first page. Raises BadCursor if
        it is not a cursor of this filter.
        """
        cursor = Cursor.decoded(after, f"history {self.query}") if after else None
        return page_of(
            self.changes().select_related("batch"), order=NEWEST_FIRST, after=cursor
        )

    def total(self, page: Page[Assignment]) -> str:
        """Return for display how many changes match: `12`, or `1,000+` beyond a
        thousand. Counted without a query if `page` is all of them.
        """
        return total_of(page, self.changes())

    def all_changes(self) -> Iterator[Assignment]:
        """Yield all changes of the filter, newest first, EXPORT_CHUNK per query, with
        the fields of EXPORTED. Each has `covered_for_id`, the id of the member from
        whom the lead was taken, if the change ended a hold that had been taken; else
        None.
        """
        ended = Hold.objects.filter(ended_by=OuterRef("pk"), taken_at__isnull=False)
        homes = ended.order_by("pk").values("origin")[:1]
        changes = (
            self.changes().annotate(covered_for_id=Subquery(homes)).only(*EXPORTED)
        )
        return in_chunks(changes, order=NEWEST_FIRST, size=EXPORT_CHUNK)

    def cursor(self, cursor: Cursor | None) -> str:
        return cursor.encoded(f"history {self.query}") if cursor else ""

    def _conditions(self) -> list[Q]:
        said = self.cleaned_data
        names = ("lead", "actor", "cause", "state", "batch")
        conditions = [Q(**{name: said[name]}) for name in names if said[name]]
        if member := said["member"]:
            conditions.append(Q(to=member) | Q(expected=member))
        if coverage := said["coverage"]:
            conditions.append(_of_coverage(coverage))
        return [*conditions, within("created_at", said["from"], said["to"])]


def _of_coverage(coverage: Coverage) -> Q:
    """Return the condition for changes that took leads for the coverage, ended its
    holds, or are the present move of one of them.
    """
    holds = coverage.holds.order_by()
    return Q(pk__in=holds.exclude(taken_by=None).values("taken_by")) | Q(
        pk__in=holds.exclude(ended_by=None).values("ended_by")
    ) | Q(pk__in=holds.exclude(move=None).values("move"))  # fmt: skip
