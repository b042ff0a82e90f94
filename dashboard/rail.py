"""The inbox's part of the rail: how much waits where, and the reader's own views."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from assignments.models import Hold, Lead, SavedView, Suggestion, User

MOST_COUNTED = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    mine: str
    covering: str
    nobodys: str
    overdue: str
    views: list[SavedView]

    @property
    def counts(self) -> tuple[str, ...]:
        return (self.mine, self.covering, self.nobodys, self.overdue)


def rail_of(user: User, *, at: datetime) -> Rail:
    present = Lead.objects.present()
    return Rail(
        mine=_counted(present.filter(owner__user=user)),
        covering=_counted(present.filter(_held_by(user))),
        nobodys=_counted(present.unowned()),
        overdue=_counted(present.filter(answer_owed=True, due_order__lte=at)),
        views=list(SavedView.objects.filter(user=user)),
    )


def _held_by(user: User) -> Q:
    held = Hold.objects.live().filter(to__user=user).order_by()
    return Q(owner__user=user, pk__in=held.values("lead"))


def waiting_suggestions() -> str:
    return _counted(Suggestion.objects.open())


def _counted(leads: QuerySet[Lead] | QuerySet[Suggestion]) -> str:
    """Empty for none; counted no further than anybody would read."""
    count = leads.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else f"{count or ''}"
