"""The sections of the review page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django import forms
from django.urls import reverse

from assignments.models import Coverage, Lead, Member, User
from assignments.services.absences import away_now
from assignments.services.insights import review
from assignments.services.insights.review import MOST_COUNTED, UNTOUCHED_DAYS, Section
from dashboard.inbox.hidden_filters import number_of_days

FIRST = 5  # rows of a section; the inbox has the rest
EXPLAINED = {
    Section.OVERDUE: "An answer is owed, and the time for it is over.",
    Section.NOBODY: "Open leads that nobody has in Smartlead.",
    Section.INACTIVE: "Open leads of members who get no more leads.",
    Section.UNKNOWN: "Smartlead names an owner who is not on its team board, and whom "
    "nobody here has given a name.",
    Section.AWAY: "Open leads that stayed with somebody who is away now.",
    Section.DRIFTED: "We gave them to one member, and within the last 14 days somebody "
    "gave them to another in Smartlead.",
    Section.UNTOUCHED: "Open leads without a mail either way.",
}
ORDERS = {
    Section.OVERDUE: ("due_order", "map_id"),
    Section.UNTOUCHED: ("reply_order", "map_id"),
}
NEWEST_FIRST = ("-reply_order", "-map_id")


class DaysForm(forms.Form):
    days = number_of_days()

    @property
    def wanted(self) -> int:
        said: int | None = self.cleaned_data.get("days")
        return said or UNTOUCHED_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    lead: Lead
    target: Member | None = None  # where a drifted lead belongs, by the ledger
    away: Coverage | None = None  # the absence of its owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """A section: its number of leads, the first of them, and the address of the others."""

    section: Section
    count: int
    rows: list[Row] = field(default_factory=list)
    days: int = UNTOUCHED_DAYS

    @property
    def explained(self) -> str:
        return EXPLAINED[self.section]

    @property
    def shown(self) -> str:
        if self.count > MOST_COUNTED:
            return f"{MOST_COUNTED}+"
        return f"{self.count}"

    @property
    def query(self) -> str:
        said = {"review": self.section.value}
        if self.section == Section.UNTOUCHED:
            said["days"] = str(self.days)
        return urlencode(said)

    @property
    def inbox(self) -> str:
        by_age = "&sort=due" if self.section == Section.OVERDUE else ""
        return f"{reverse('inbox')}?{self.query}{by_age}"

    @property
    def is_drifted(self) -> bool:
        return self.section == Section.DRIFTED

    @property
    def is_untouched(self) -> bool:
        return self.section == Section.UNTOUCHED


def piles_of(user: User, *, at: datetime, days: int) -> list[Pile]:
    return [_pile(section, user, at, days) for section in Section]


def _pile(section: Section, user: User, at: datetime, days: int) -> Pile:
    leads = review.leads_of(section, user=user, at=at, days=days)
    count = leads.order_by()[: MOST_COUNTED + 1].count()
    known = leads.select_related("owner", "campaign", "category")
    order = ORDERS.get(section, NEWEST_FIRST)
    first = list(known.order_by(*order)[:FIRST]) if count else []
    rows = _rows(section, first, at)
    return Pile(section=section, count=count, rows=rows, days=days)


def _rows(section: Section, leads: Sequence[Lead], at: datetime) -> list[Row]:
    if section == Section.AWAY and leads:
        away = away_now(at)
        return [Row(lead=one, away=away.get(one.owner_id or 0)) for one in leads]
    if section == Section.DRIFTED and leads:
        targets = review.targets_of(leads, at)
        members = Member.objects.in_bulk(list(targets.values()))
        # Somebody may have settled one while the page was being read.
        there = [one for one in leads if one.pk in targets]
        return [Row(lead=one, target=members[targets[one.pk]]) for one in there]
    return [Row(lead=one) for one in leads]
