"""The inbox's part of the sidebar: how much waits where, and the reader's own views."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from assignments.models import Lead, Member, SavedView, User
from assignments.services.bulk.open_leads import is_open
from assignments.services.insights import review
from assignments.services.insights.answers_due import overdue
from assignments.services.insights.review import MOST_COUNTED
from assignments.services.sight import Sight
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
    """Return the counts of the lists behind the links, and the user's own views.

    Mine and Nobody's are open leads; overdue ones are those that the user may move.
    """
    seen = Sight.of(user).leads()
    present = Lead.objects.present().filter(seen)
    open_leads = Lead.objects.filter(is_open(), seen)
    # By id: with a join the counts would look at the leads of everybody.
    member = Member.objects.filter(user=user).first()
    late = present.filter(overdue(at), review.movable_by(user))
    return Rail(
        mine=_counted(open_leads.owned_by(member)) if member else "",
        covering=_counted(present.filter(held_by(member))),
        nobodys=_counted(open_leads.filter(review.without_owner())),
        overdue=_counted(late),
        views=list(SavedView.objects.filter(user=user)),
    )


def to_review(user: User, *, at: datetime) -> str:
    return _shown(review.waiting_count(user, at=at))


def _counted(leads: QuerySet[Lead]) -> str:
    return _shown(leads.order_by()[: MOST_COUNTED + 1].count())


def _shown(count: int) -> str:
    """Return the count as text: empty for 0, `999+` above MOST_COUNTED."""
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else f"{count or ''}"
