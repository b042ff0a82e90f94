"""The inbox's part of the sidebar: how much waits where, and the reader's own views."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from assignments.models import Lead, Member, SavedView, User
from assignments.services.insights import review
from assignments.services.insights.review import MOST_COUNTED
from dashboard.inbox.hidden_filters import held_by


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


def to_review(user: User, *, at: datetime) -> str:
    return _shown(review.waiting_count(user, at=at))


def _counted(leads: QuerySet[Lead]) -> str:
    return _shown(leads.order_by()[: MOST_COUNTED + 1].count())


def _shown(count: int) -> str:
    """Return the count as text: empty for 0, `999+` above MOST_COUNTED."""
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else f"{count or ''}"
