"""The inbox's part of the rail: how much waits where, and the reader's own views."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from assignments.models import Lead, Member, SavedView, Suggestion, User
from dashboard.inbox_filter import held_by

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
    # By id: with a join the counts would look at the leads of everybody.
    member = Member.objects.filter(user=user).first()
    return Rail(
        mine=_counted(present.owned_by(member)) if member else "",
        covering=_counted(present.filter(held_by(member))),
        nobodys=_counted(present.unowned()),
        overdue=_counted(present.filter(answer_owed=True, due_order__lte=at)),
        views=list(SavedView.objects.filter(user=user)),
    )


def waiting_suggestions() -> str:
    return _counted(Suggestion.objects.open())


def _counted(leads: QuerySet[Lead] | QuerySet[Suggestion]) -> str:
    """Empty for none; counted no further than anybody would read."""
    count = leads.order_by()[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else f"{count or ''}"
