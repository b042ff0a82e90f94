"""The sections of the review page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.urls import reverse

from assignments.models import Coverage, Lead, Member, User
from assignments.services.absences import absences_at
from assignments.services.insights import review
from assignments.services.insights.review import (
    MOST_COUNTED,
    UNTOUCHED_DAYS,
    ReviewSection,
)
from dashboard.inbox.answer_filter import lateness_order
from dashboard.inbox.hidden_filters import number_of_days

FIRST = 5  # rows of a section; the inbox has the rest
EXPLAINED = {
    ReviewSection.OVERDUE: "Answers that are late; those of the last 7 days first.",
    ReviewSection.NOBODY: "Open leads that nobody has in Smartlead.",
    ReviewSection.INACTIVE: "Open leads of members who were deactivated and get no more.",
    ReviewSection.UNKNOWN: (
        "Smartlead names an owner who is not on its team board and has no name here yet. "
        "Open the owner to enter one."
    ),
    ReviewSection.AWAY: "Open leads whose owner is away, with nobody covering them.",
    ReviewSection.DRIFTED: (
        "Assigned here to one member, then changed to another in Smartlead in the last 14 "
        "days."
    ),
    ReviewSection.UNTOUCHED: "Open leads without a mail from either side.",
}
ORDERS = {
    ReviewSection.UNTOUCHED: ("reply_order", "map_id"),
}
NEWEST_FIRST = ("-reply_order", "-map_id")


class DaysForm(forms.Form):
    days = number_of_days()

    @property
    def wanted(self) -> int:
        said: int | None = self.cleaned_data.get("days")
        return said or UNTOUCHED_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    lead: Lead
    target: Member | None = None  # where a drifted lead belongs, by the ledger
    away: Coverage | None = None  # the absence of its owner


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionBox:
    """A section: its number of leads, the first of them, and the address of the others."""

    section: ReviewSection
    count: int
    rows: list[ReviewRow] = field(default_factory=list)
    days: int = UNTOUCHED_DAYS

    @property
    def title(self) -> str:
        if not self.is_untouched:
            return str(self.section.label)
        days = f"{self.days:,} day{'' if self.days == 1 else 's'}"
        return f"{self.section.label} for {days}"

    @property
    def dated_by(self) -> str:
        return "Due" if self.section == ReviewSection.OVERDUE else "Last reply"

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
        if self.section == ReviewSection.UNTOUCHED:
            said["days"] = str(self.days)
        return urlencode(said)

    @property
    def inbox(self) -> str:
        by_age = "&sort=late" if self.section == ReviewSection.OVERDUE else ""
        return f"{reverse('inbox')}?{self.query}{by_age}"

    @property
    def is_drifted(self) -> bool:
        return self.section == ReviewSection.DRIFTED

    @property
    def is_untouched(self) -> bool:
        return self.section == ReviewSection.UNTOUCHED


def piles_of(user: User, *, at: datetime, days: int) -> list[SectionBox]:
    return [_pile(section, user, at, days) for section in ReviewSection]


def _pile(section: ReviewSection, user: User, at: datetime, days: int) -> SectionBox:
    leads = review.leads_of(section, user=user, at=at, days=days)
    count = leads.order_by()[: MOST_COUNTED + 1].count()
    known = leads.select_related("owner", "campaign", "category")
    first = _first(section, known, at) if count else []
    rows = _rows(section, first, at)
    return SectionBox(section=section, count=count, rows=rows, days=days)


def _first(
    section: ReviewSection, leads: QuerySet[Lead], at: datetime
) -> Sequence[Lead]:
    if section == ReviewSection.OVERDUE:
        return lateness_order(leads, at=at, most=FIRST)
    return list(leads.order_by(*ORDERS.get(section, NEWEST_FIRST))[:FIRST])


def _rows(
    section: ReviewSection, leads: Sequence[Lead], at: datetime
) -> list[ReviewRow]:
    if section == ReviewSection.AWAY and leads:
        away = absences_at(at)
        return [ReviewRow(lead=one, away=away.get(one.owner_id or 0)) for one in leads]
    if section == ReviewSection.DRIFTED and leads:
        targets = review.ledger_owners(leads, at)
        members = Member.objects.in_bulk(list(targets.values()))
        # Somebody may have settled one while the page was being read.
        there = [one for one in leads if one.pk in targets]
        return [ReviewRow(lead=one, target=members[targets[one.pk]]) for one in there]
    return [ReviewRow(lead=one) for one in leads]
