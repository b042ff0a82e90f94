"""The form for the leads of somebody who leaves, in piles; each pile is decided by
itself.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

from assignments.models import (
    Assignment,
    Campaign,
    Category,
    Hold,
    Lead,
    LookupTable,
    Member,
    User,
)
from assignments.models.plan import StrategyKind
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from dashboard.assign.bulk_form import PlanNoteForm
from dashboard.assign.member_choices import MemberOption, member_choices
from dashboard.assign.pool_fields import PoolFields

LEAVE = "leave"
BY_TABLE = "table-"  # before the id of the table that says who
BY = ("category", "campaign")
HOWS = [
    (LEAVE, "Leave them"),
    *(
        (kind.value, str(kind.label))
        for kind in StrategyKind
        if kind not in {StrategyKind.TERRITORY, StrategyKind.EXPERTISE}
    ),
]


@dataclass(slots=True, kw_only=True)
class LeadPile:
    key: int  # of the category or campaign; 0 where there is none
    label: str
    is_closed: bool
    count: int
    how: str
    pool: PoolFields
    # None: it is left, or cannot be decided yet.
    wish: AllocationRequest | None = None
    problem: str = ""

    @property
    def place(self) -> str:
        return f"_{self.key}"


class OffboardingForm:
    def __init__(self, data: QueryDict, *, member: Member, user: User) -> None:
        self.data = data
        self.member = member
        self.user = user
        by = data.get("by", "")
        self.by = by if by in BY else "category"
        self.words = PlanNoteForm(data if "note" in data else None)

    @cached_property
    def candidates(self) -> list[MemberOption]:
        """Return the members to whom this user may give leads, without the one who
        leaves.
        """
        known = member_choices(self.user)
        return [one for one in known if one.member.pk != self.member.pk]

    @cached_property
    def tables(self) -> dict[str, LookupTable]:
        return {f"{BY_TABLE}{one.pk}": one for one in LookupTable.objects.all()}

    @cached_property
    def hows(self) -> list[tuple[str, str]]:
        by_table = [(how, f"By “{table}”") for how, table in self.tables.items()]
        return [*HOWS, *by_table]

    @cached_property
    def piles(self) -> list[LeadPile]:
        counts = dict(self._own().values_list(self.by).annotate(Count("pk")))
        known: Any = Category if self.by == "category" else Campaign
        named: dict[Any, Any] = known.objects.in_bulk([pk for pk in counts if pk])
        piles = [
            self._pile(key, named.get(key), count) for key, count in counts.items()
        ]
        return sorted(piles, key=lambda pile: (pile.is_closed, -pile.count, pile.label))

    def _own(self) -> QuerySet[Lead]:
        """Return the leads that the member owns and Smartlead still has, in no order,
        without those held for somebody who is away.
        """
        held = Hold.objects.live().filter(to=self.member)
        owned = Lead.objects.present().filter(owner=self.member)
        return owned.exclude(pk__in=held.values("lead")).order_by()

    def _pile(self, key: int | None, named: Any, count: int) -> LeadPile:
        how = self.data.get(f"how_{key or 0}", LEAVE)
        pile = LeadPile(
            key=key or 0,
            label=str(named) if named else f"No {self.by}",
            is_closed=bool(getattr(named, "is_closing", False)),
            count=count,
            how=how if how in dict(self.hows) else LEAVE,
            pool=PoolFields(self.candidates, self.data, f"_{key or 0}"),
        )
        try:
            pile.wish = self._wish(pile)
        except forms.ValidationError as error:
            pile.problem = " ".join(error.messages)
        return pile

    def _wish(self, pile: LeadPile) -> AllocationRequest | None:
        if pile.how == LEAVE:
            return None
        table = self.tables.get(pile.how)
        members = [seat.member for seat in pile.pool.chosen()]
        if not table and not members:
            raise forms.ValidationError("Choose who should have them.")
        if pile.how == StrategyKind.MEMBER and len(members) > 1:
            raise forms.ValidationError(
                "Choose one member only, or a way to spread them."
            )
        return AllocationRequest(
            strategy=StrategyKind(table.kind if table else pile.how),
            members=members,
            weights=pile.pool.weights(),
            caps=pile.pool.caps(),
            table=table,
        )

    @cached_property
    def on_the_way(self) -> int:
        """Return the number of pending changes to the member of leads that they do not
        own yet: these are in no pile.
        """
        pending = Assignment.objects.pending().filter(to=self.member)
        return pending.exclude(lead__owner=self.member).count()

    @property
    def query(self) -> str:
        """Return all that was sent as a query string, without empty values and the CSRF
        token.
        """
        said = [
            (name, value)
            for name, values in self.data.lists()
            if name != "csrfmiddlewaretoken"
            for value in values
            if value
        ]
        return urlencode(said)

    @property
    def note(self) -> str:
        return str(self.words.cleaned_data["note"]) if self.words.is_bound else ""

    @property
    def is_valid(self) -> bool:
        return not self.problem

    @property
    def problem(self) -> str:
        if any(pile.problem for pile in self.piles):
            return "Some piles are not decided yet: it says below what is missing."
        if not self.parts:
            return "Decide about one pile at least."
        return " ".join(
            str(error) for errors in self.words.errors.values() for error in errors
        )

    @property
    def parts(self) -> list[PlanPart]:
        return [
            PlanPart(
                leads=self._own().filter(**{self.by: pile.key or None}), wish=pile.wish
            )
            for pile in self.piles
            if pile.wish
        ]
