"""Filters of the inbox that come by a link and have no menu of their own."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import F, Q

from assignments.models import Assignment, Hold, Member, Team, User
from assignments.services.insights import review
from assignments.services.insights.review import (
    MOST_DAYS,
    UNTOUCHED_DAYS,
    ReviewSection,
)
from dashboard.filters import QueryFilter

MOST_NAMED = 500  # ids in one query
EVERYBODY = "all"
LINKED = ("team", "mine", "covering", "coming", "review", "days")


def number_of_days() -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        error_messages={
            "invalid": f"Type a number of days from 1 to {MOST_DAYS:,}.",
            "min_value": "Type at least 1 day.",
            "max_value": f"Type at most {MOST_DAYS:,} days.",
        },
    )


class LinkedFilters(QueryFilter):
    team = forms.ModelChoiceField(Team.objects.all(), required=False)
    mine = forms.ChoiceField(choices=[("yes", "yes")], required=False)
    covering = forms.ChoiceField(required=False)
    coming = forms.ChoiceField(required=False)
    review = forms.ChoiceField(choices=ReviewSection.choices, required=False)
    days = number_of_days()

    user: User
    members: dict[int, Member]

    def _fill_members(self) -> None:
        known = [(str(pk), str(member)) for pk, member in self.members.items()]
        for name in ("covering", "coming"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
            field.choices = [(EVERYBODY, "everybody"), *known]

    def _named(self, said: str) -> Member | None:
        """Return the member whose id is `said`; None for EVERYBODY."""
        return None if said == EVERYBODY else self.members[int(said)]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return (name, text) of the linked filters that are not empty, in the order of
        LINKED, for the form of the menus to send on.
        """
        said = ((name, self.data.get(name, "").strip()) for name in LINKED)
        return [(name, value) for name, value in said if value]

    def linked_conditions(self, at: datetime) -> dict[str, Q]:
        said = self.cleaned_data
        found: dict[str, Q] = {}
        if said["team"]:
            found["team"] = Q(owner__team=said["team"])
        if said["mine"]:
            found["mine"] = review.movable_by(self.user)
        if said["covering"]:
            member = self._named(said["covering"])
            found["covering"] = held_by(member) if member else held_by_anybody()
        if said["coming"]:
            found["coming"] = on_the_way(self._named(said["coming"]))
        if said["review"]:
            found["review"] = self._reviewed(said, at)
        return found

    def _reviewed(self, said: dict[str, Any], at: datetime) -> Q:
        """Return the condition for leads of the section `said["review"]` that this
        viewer may move. `days`, or UNTOUCHED_DAYS if not given, is how long leads of
        the section UNTOUCHED must be untouched.
        """
        days = said["days"] or UNTOUCHED_DAYS
        wanted = review.section_condition(
            ReviewSection(said["review"]), at=at, days=days
        )
        return wanted & review.movable_by(self.user)

    def linked_words(self, name: str) -> str:
        said = self.cleaned_data[name]
        match name:
            case "covering":
                by = self._named(said)
                return f"Held for others by {by}" if by else "Held for others"
            case "coming":
                to = self._named(said)
                return f"On the way to {to}" if to else "On the way to somebody"
            case "review":
                return self._review_words(ReviewSection(said))
            case "mine":
                return "Yours to assign"
            case "team":
                return f"Team: {said}"
            case _:
                return ""

    def _review_words(self, section: ReviewSection) -> str:
        if section != ReviewSection.UNTOUCHED:
            return f"Review: {section.label}"
        days = self.cleaned_data["days"] or UNTOUCHED_DAYS
        return f"Untouched for {days:,} day{'' if days == 1 else 's'}"


def held_by(member: Member | None) -> Q:
    """Return the condition for leads that this member owns and holds for somebody who
    is away; no lead at all for None. Up to MOST_NAMED of them are named by id: read
    through by owner, a count would look at every lead that the member has.
    """
    if member is None:
        return Q(pk__in=[])
    held = Hold.objects.live().filter(to=member).order_by().values_list("lead")
    few = [pk for (pk,) in held[: MOST_NAMED + 1]]
    return Q(owner=member, pk__in=few if len(few) <= MOST_NAMED else held)


def held_by_anybody() -> Q:
    held = Hold.objects.live().filter(lead__owner=F("to")).order_by()
    return Q(pk__in=held.values("lead"))


def on_the_way(member: Member | None) -> Q:
    """Return the condition for leads whose newest pending change goes to the member;
    for None, leads with any pending change.
    """
    coming = Assignment.objects.last_pending().order_by()
    if member is not None:
        coming = coming.filter(to=member)
    return Q(pk__in=coming.values("lead"))
