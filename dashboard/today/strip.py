"""The line above a member's inbox: what of their own needs them."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.inbox.answer_filter import late_words
from dashboard.inbox.filter import InboxFilter
from dashboard.permissions import ViewerRights
from dashboard.today.lead_lists import LeadList, counted_list, lowered
from dashboard.today.sections import DUE_TODAY, LATE

UNREAD = "owner=me&status=unread"
UNFILTERED: tuple[dict[str, str], ...] = (
    {},
    {"owner": "me"},
    {"owner": "me", "status": "open"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripLink:
    list: LeadList
    words: str


def strip_of(form: InboxFilter, *, at: datetime) -> list[StripLink]:
    """Return what of the reader's own leads is due today, late or unread, as lists with
    their numbers; zeros are left out.

    Empty for team leads and sales managers, who have Today, and above lists that are
    filtered by more than their owner.
    """
    user = form.user
    if form.given() not in UNFILTERED or ViewerRights.of(user).may_assign_many:
        return []
    asked = (
        (DUE_TODAY, "due today"),
        (LATE, lowered(late_words(at))),
        (UNREAD, "unread"),
    )
    links = [
        StripLink(list=counted_list(query, user=user, at=at), words=words)
        for query, words in asked
    ]
    return [link for link in links if link.list.count]
