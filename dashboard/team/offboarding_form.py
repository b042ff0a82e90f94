"""The form for the leads of somebody who leaves: to whom everything goes, and piles that
are decided by themselves.
"""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Q, QuerySet
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
from assignments.services.access import is_manager
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from assignments.services.people.members import ends_login
from assignments.services.sight import Sight, visible_leads
from dashboard.assign.bulk_form import PlanNoteForm
from dashboard.assign.member_choices import MemberOption, member_choices
from dashboard.assign.pool_fields import PoolFields

AS_ABOVE = ""
LEAVE = "leave"
BY_TABLE = "table-"  # before the id of the table that says who
BY = ("category", "campaign")
SPREADS = [
    (StrategyKind.LEAST_BUSY.value, "Evenly, by open leads"),
    (StrategyKind.ROUND_ROBIN.value, "One by one, in turn"),
]
PILE_FIELDS = ("how_", "member_", "weight_", "cap_")
HOWS = [
    (AS_ABOVE, "As above"),
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
    # None: it goes as above, is left, or cannot be decided yet.
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
        self.is_regrouped = by in BY and "said" not in data
        self.words = PlanNoteForm(data if "note" in data else None)
        spread = data.get("spread", "")
        self.spread = spread if spread in dict(SPREADS) else SPREADS[0][0]
        self.spreads = SPREADS
        self.takes_closed = "closed" in data

    @classmethod
    def regrouped(cls, data: QueryDict, *, member: Member, user: User) -> Self:
        """Return the form with piles by `regroup`, with all but the piles kept as sent."""
        kept = data.copy()
        for name in data:
            if name.startswith(PILE_FIELDS):
                del kept[name]
        kept["by"] = data.get("regroup", "")
        form = cls(kept, member=member, user=user)
        form.is_regrouped = True
        return form

    @property
    def may_deactivate(self) -> bool:
        """Return whether the confirmation can end in the deactivation.

        Not for an inactive member, and not while leads are on the way to them.
        """
        is_theirs = is_manager(self.user)
        return is_theirs and self.member.is_active and not self.on_the_way

    @property
    def ends_login(self) -> bool:
        return ends_login(self.member)

    @property
    def deactivates(self) -> bool:
        return self.may_deactivate and "deactivate" in self.data

    @property
    def shows_deactivation(self) -> bool:
        """Return whether the box is ticked: as sent, and at first."""
        return "deactivate" in self.data or "said" not in self.data

    @property
    def shows_piles(self) -> bool:
        """Return whether the piles are open: somebody decided one, or asked for them."""
        is_decided = any(pile.how or pile.problem for pile in self.piles)
        return self.is_regrouped or is_decided

    @cached_property
    def pool(self) -> PoolFields:
        return PoolFields(self.candidates, self.data)

    @cached_property
    def everything(self) -> AllocationRequest | None:
        """Return how the leads go that no pile decides about; None: they stay.

        Raises ValidationError if somebody chosen cannot be chosen.
        """
        members = [seat.member for seat in self.pool.chosen()]
        if not members:
            return None
        one = len(members) == 1
        how = StrategyKind.MEMBER if one else StrategyKind(self.spread)
        return AllocationRequest(strategy=how, members=members)

    @cached_property
    def candidates(self) -> list[MemberOption]:
        """Return the members to whom this user may give leads, without the one who
        leaves; those without a name come last.
        """
        known = member_choices(self.user)
        others = [one for one in known if one.member.pk != self.member.pk]
        return sorted(others, key=lambda one: not one.member.name)

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
        """Return the leads that the member owns and Smartlead still has, as the user sees
        them, in no order, without those held for somebody who is away.
        """
        held = Hold.objects.live().filter(to=self.member)
        seen = visible_leads(self.user).filter(gone_at=None)
        owned = seen.filter(owner=self.member)
        return owned.exclude(pk__in=held.values("lead")).order_by()

    def _pile(self, key: int | None, named: Any, count: int) -> LeadPile:
        how = self.data.get(f"how_{key or 0}", AS_ABOVE)
        pile = LeadPile(
            key=key or 0,
            label=str(named) if named else f"No {self.by}",
            is_closed=bool(getattr(named, "is_closing", False)),
            count=count,
            how=how if how in dict(self.hows) else AS_ABOVE,
            pool=PoolFields(self.candidates, self.data, f"_{key or 0}"),
        )
        try:
            pile.wish = self._wish(pile)
        except forms.ValidationError as error:
            pile.problem = " ".join(error.messages)
        return pile

    def _wish(self, pile: LeadPile) -> AllocationRequest | None:
        if pile.how in (AS_ABOVE, LEAVE):
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
        coming = Assignment.objects.coming_to(self.member)
        return coming.filter(Sight.of(self.user).leads("lead__")).count()

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

    @cached_property
    def problem(self) -> str:
        try:
            is_nobody = self.everything is None
        except forms.ValidationError as error:
            return " ".join(error.messages)
        if any(pile.problem for pile in self.piles):
            return "Some piles are not decided yet: it says below what is missing."
        if is_nobody and not any(pile.wish for pile in self.piles):
            return "Choose who should get the leads."
        return " ".join(
            str(error) for errors in self.words.errors.values() for error in errors
        )

    @property
    def parts(self) -> list[PlanPart]:
        """Return the parts of the plan: the decided piles, then all other leads."""
        found = [
            PlanPart(leads=self._pile_leads(pile), wish=pile.wish)
            for pile in self.piles
            if pile.wish
        ]
        if self.everything is not None:
            found.append(PlanPart(leads=self._rest(), wish=self.everything))
        return found

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return how many leads the member owns, and how many of them are closed."""
        closed = Count("pk", filter=Q(category__is_closing=True))
        counts: dict[str, int] = self._own().aggregate(all=Count("pk"), closed=closed)
        return counts

    def _pile_leads(self, pile: LeadPile) -> QuerySet[Lead]:
        return self._own().filter(**{self.by: pile.key or None})

    def _rest(self) -> QuerySet[Lead]:
        """Return the leads that no pile decides about, closed ones only if wanted."""
        rest = self._own()
        decided = [pile.key for pile in self.piles if pile.how != AS_ABOVE]
        if 0 in decided:
            rest = rest.exclude(**{self.by: None})
        if named := [key for key in decided if key]:
            # A lead without one is in none of these piles.
            rest = rest.filter(Q(**{self.by: None}) | ~Q(**{f"{self.by}__in": named}))
        if self.takes_closed:
            return rest
        return rest.filter(Q(category=None) | Q(category__is_closing=False))
