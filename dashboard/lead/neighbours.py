"""The leads before and after one in the list from which it was opened."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from assignments.models import Lead
from dashboard.htmx import PageRequest
from dashboard.inbox.filter import InboxFilter
from dashboard.inbox.lead_list import list_behind
from dashboard.pagination import BadCursor, Cursor, Page

NOT_IN_THE_LIST = "This lead is not on this page of the list any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A step from a lead in its list: to `lead` at `address`, or `why_not`."""

    key: str  # that goes there
    direction: str  # "previous" or "next"
    lead: Lead | None = None
    address: str = ""
    why_not: str = ""


class _ListAround:
    """A page of a list, with one more lead at each end of it."""

    def __init__(self, request: PageRequest, at: datetime) -> None:
        self._at = at
        self._query = QueryDict(list_behind(request))
        self._form = InboxFilter(self._query, user=request.user)

    def steps_from(self, lead: Lead) -> tuple[Neighbour, Neighbour] | None:
        """Return the steps to the previous and to the next lead; None if the list's
        address is not valid.
        """
        after = self._query.get("after", "")
        page = self._page(after)
        if page is None:
            return None
        ids = [row.pk for row in page.rows]
        if lead.pk not in ids:
            return _step("previous", NOT_IN_THE_LIST), _step("next", NOT_IN_THE_LIST)
        at = ids.index(lead.pk)
        return (
            self._to(page.rows[at - 1], "previous", after)
            if at
            else self._beyond(page.earlier, "previous"),
            self._to(page.rows[at + 1], "next", after)
            if at + 1 < len(ids)
            else self._beyond(page.later, "next"),
        )

    def _page(self, after: str) -> Page[Lead] | None:
        if not self._form.is_valid():
            return None
        try:
            return self._form.page(at=self._at, after=after)
        except BadCursor:
            return None

    def _beyond(self, cursor: Cursor | None, direction: str) -> Neighbour:
        """Return the step onto the neighbouring page, which begins at `cursor`."""
        after = cursor.encoded(self._form.query) if cursor else ""
        page = self._page(after) if after else None
        if page is None or not page.rows:
            end = "first" if direction == "previous" else "last"
            return _step(direction, f"This is the {end} lead of the list")
        lead = page.rows[-1 if direction == "previous" else 0]
        return self._to(lead, direction, after)

    def _to(self, lead: Lead, direction: str, after: str) -> Neighbour:
        kept = self._query.copy()
        kept.pop("after", None)
        if after:
            kept["after"] = after
        query = kept.urlencode()
        address = reverse("lead", args=[lead.pk])
        if query:
            address += "?" + urlencode({"list": query})
        return _step(direction, lead=lead, address=address)


def _step(
    direction: str, why_not: str = "", *, lead: Lead | None = None, address: str = ""
) -> Neighbour:
    return Neighbour(
        key="k" if direction == "previous" else "j",
        direction=direction,
        lead=lead,
        address=address,
        why_not=why_not,
    )


def neighbours_of(
    lead: Lead, request: PageRequest, *, at: datetime
) -> tuple[Neighbour, Neighbour] | None:
    """Return the steps to the previous and next lead of the list from which the request
    comes, at most two pages of which are read; None if its address is not valid.
    """
    return _ListAround(request, at).steps_from(lead)
