"""The leads of somebody who leaves, in piles; each pile is decided by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

from assignments.models import Assignment, Campaign, Category, Lead, Member, User
from assignments.models.plan import StrategyKind
from assignments.services.proposing import Part, Wish
from dashboard.candidates import Candidate, candidates_for
from dashboard.plan_form import id_of

LEAVE = "leave"
HOWS = [
    (LEAVE, "Leave them"),
    (StrategyKind.MEMBER, StrategyKind.MEMBER.label),
    (StrategyKind.ROUND_ROBIN, StrategyKind.ROUND_ROBIN.label),
    (StrategyKind.LEAST_BUSY, StrategyKind.LEAST_BUSY.label),
]
BY = ("category", "campaign")


@dataclass(slots=True, kw_only=True)
class Pile:
    key: int  # of the category or campaign; 0 where there is none
    label: str
    is_closed: bool
    count: int
    how: str = LEAVE
    chosen: set[int] = field(default_factory=set)
    problem: str = ""

    @property
    def is_left(self) -> bool:
        return self.how == LEAVE


class PilesForm:
    def __init__(self, data: QueryDict, *, member: Member, user: User) -> None:
        self.data = data
        self.member = member
        self.user = user
        by = data.get("by", "")
        self.by = by if by in BY else "category"

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Whoever leaves is given nothing."""
        known = candidates_for(self.user)
        return [one for one in known if one.member.pk != self.member.pk]

    @cached_property
    def piles(self) -> list[Pile]:
        owned = Lead.objects.present().filter(owner=self.member).order_by()
        counts = dict(owned.values_list(self.by).annotate(Count("pk")))
        known: Any = Category if self.by == "category" else Campaign
        named: dict[Any, Any] = known.objects.in_bulk([pk for pk in counts if pk])
        piles = [
            self._pile(key, named.get(key), count) for key, count in counts.items()
        ]
        return sorted(piles, key=lambda pile: (pile.is_closed, -pile.count, pile.label))

    def _pile(self, key: int | None, named: Any, count: int) -> Pile:
        pile = Pile(
            key=key or 0,
            label=str(named) if named else f"No {self.by}",
            is_closed=bool(getattr(named, "is_closing", False)),
            count=count,
        )
        how = self.data.get(f"how_{pile.key}", LEAVE)
        pile.how = how if how in dict(HOWS) else LEAVE
        free = {one.member.pk for one in self.candidates}
        said = self.data.getlist(f"member_{pile.key}")
        pile.chosen = {pk for text in said if (pk := id_of(text)) in free}
        pile.problem = self._problem(pile)
        return pile

    def _problem(self, pile: Pile) -> str:
        if pile.is_left:
            return ""
        if not pile.chosen:
            return "Choose who should have them."
        if pile.how == StrategyKind.MEMBER and len(pile.chosen) > 1:
            return "Choose one member only, or a way to spread them."
        return ""

    @cached_property
    def on_the_way(self) -> int:
        """Leads that are not in any pile yet: a change to the member is pending."""
        pending = Assignment.objects.pending().filter(to=self.member)
        return pending.exclude(lead__owner=self.member).count()

    @property
    def query(self) -> str:
        """All that was decided, to be asked again."""
        said = self.data.copy()
        said.pop("csrfmiddlewaretoken", None)
        return said.urlencode()

    @property
    def is_valid(self) -> bool:
        return not any(pile.problem for pile in self.piles) and bool(self.parts)

    @property
    def problem(self) -> str:
        if any(pile.problem for pile in self.piles):
            return "Some piles are not decided yet: it says below what is missing."
        return "" if self.parts else "Decide about one pile at least."

    @property
    def parts(self) -> list[Part]:
        return [
            Part(
                leads=self._leads(pile),
                wish=Wish(
                    strategy=StrategyKind(pile.how), members=self._members(pile.chosen)
                ),
            )
            for pile in self.piles
            if not pile.is_left and pile.chosen
        ]

    def _leads(self, pile: Pile) -> QuerySet[Lead]:
        owned = Lead.objects.present().filter(owner=self.member)
        return owned.filter(**{self.by: pile.key or None})

    def _members(self, chosen: Iterable[int]) -> list[Member]:
        return [one.member for one in self.candidates if one.member.pk in chosen]
