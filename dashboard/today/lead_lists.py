"""Lists of the inbox as other pages show them: how many leads, and the first of them.

Count, order and address come from the same query string, read by the inbox's filter.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from assignments.models import Lead, User
from assignments.services.insights.review import MOST_COUNTED
from dashboard.inbox.filter import InboxFilter
from dashboard.inbox.lead_list import address_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadList:
    """The list of the inbox for `query`; `first` is its first page, or empty if only
    the number was asked for.
    """

    query: str
    count: int
    first: tuple[Lead, ...] = ()

    @property
    def shown(self) -> str:
        return shown_count(self.count)

    @property
    def address(self) -> str:
        return address_of(self.query)

    @property
    def assign_address(self) -> str:
        """Return the address of the bulk page for all leads of the list; it leads back
        to Today.
        """
        asked = urlencode({"filter": self.query, "next": reverse("today")})
        return f"{reverse('assign_many')}?{asked}"


def shown_count(count: int) -> str:
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else f"{count}"


def list_of_query(query: str, *, user: User, at: datetime) -> LeadList:
    """Return the list of this query string with its first page.

    Raises ValueError if the inbox's filter does not take it.
    """
    form = _filter(query, user)
    page = form.page(at=at, after="")
    count = form.count(at=at) if page.later else len(page.rows)
    return LeadList(query=query, count=count, first=tuple(page.rows))


def counted_list(query: str, *, user: User, at: datetime) -> LeadList:
    """Return the list of this query string without its leads, as `list_of_query`."""
    return LeadList(query=query, count=_filter(query, user).count(at=at))


def _filter(query: str, user: User) -> InboxFilter:
    form = InboxFilter(QueryDict(query), user=user)
    if not form.is_valid():
        raise ValueError(f"{query}: {form.sentences}")
    return form


def lowered(words: str) -> str:
    """Return the words as they stand within a sentence: `late since Friday`."""
    return words[:1].lower() + words[1:]
