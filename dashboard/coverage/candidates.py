"""Members who could cover, as the form lists them: load, own absences, share and scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.http import QueryDict
from django.utils import timezone

from assignments.models import Campaign, Category, Coverage, Member
from assignments.services.absence_wording import absence_in_words, join_names
from assignments.services.absences import absences_by_member
from assignments.services.coverage.forecast import owned_or_arriving_leads
from assignments.services.sight import Sight
from dashboard.assign.member_choices import MemberOption, member_choices
from dashboard.assign.pool_fields import is_id
from dashboard.coverage.form import CoverageForm

type Option = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    candidate: MemberOption
    is_chosen: bool
    share: str
    campaigns: list[str]
    categories: list[str]
    away: str
    problems: list[str]  # with their share

    @property
    def member(self) -> Member:
        return self.candidate.member

    @property
    def is_limited(self) -> bool:
        """Return True for somebody chosen who covers campaigns or categories only."""
        return self.is_chosen and any([*self.campaigns, *self.categories])

    @property
    def load(self) -> str:
        """Return the candidate's open leads in words: `12 of 40 open` with a capacity,
        `12 open` if it is None or 0.
        """
        capacity = self.member.capacity
        of = f" of {capacity}" if capacity else ""
        return f"{self.candidate.open}{of} open"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    near: list[Person]  # the team, and whoever is chosen
    far: list[Person]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadScope:
    """Campaigns and categories of the away member's leads."""

    active: int
    all: int
    campaigns: list[Option]
    categories: list[Option]


def people_of(
    form: CoverageForm, away: Member | None, *, window: tuple[datetime, datetime] | None
) -> People:
    candidates = [
        one
        for one in member_choices(form.user, also=form.also)
        if away is None or one.member.pk != away.pk
    ]
    absences = _absences(candidates, window)
    chosen = form.data.getlist("covering")
    near: list[Person] = []
    far: list[Person] = []
    for one in candidates:
        person = _person(form, one, chosen, absences.get(one.member.pk, ()))
        is_near = away is None or one.member.team_id == away.team_id
        (near if is_near or person.is_chosen else far).append(person)
    return People(near=near, far=far)


def _person(
    form: CoverageForm,
    candidate: MemberOption,
    chosen: Sequence[str],
    absences: Iterable[Coverage],
) -> Person:
    pk = candidate.member.pk
    today = timezone.localdate()
    return Person(
        candidate=candidate,
        is_chosen=str(pk) in chosen,
        share=form.data.get(f"share_{pk}", "1"),
        campaigns=form.data.getlist(f"campaign_{pk}"),
        categories=form.data.getlist(f"category_{pk}"),
        away=join_names([absence_in_words(one, today=today) for one in absences]),
        problems=[str(error) for error in form.errors.get(f"share_{pk}", ())],
    )


def _absences(
    candidates: Iterable[MemberOption], window: tuple[datetime, datetime] | None
) -> dict[int, list[Coverage]]:
    if window is None or window[0] >= window[1]:
        return {}
    return absences_by_member([one.member.pk for one in candidates], *window)


def scope_of(away: Member | None, said: QueryDict, sight: Sight) -> LeadScope:
    """Return counts and options for the leads of `away` that are seen, with pending moves
    counted as done.

    `active` is the number of open leads, `all` that of all. Options are pairs of an id
    and `name, number of leads`: the campaigns and categories of all these leads, and
    those that `said` chooses for the coverage or for one covering member, even with 0
    leads. Unknown ids are left out. Zeros and empty lists if `away` is None.
    """
    if away is None:
        return LeadScope(active=0, all=0, campaigns=[], categories=[])
    theirs = owned_or_arriving_leads(away.pk).filter(sight.leads()).order_by()
    by_campaign = _counted(theirs.values_list("campaign").annotate(Count("pk")))
    by_category = _counted(theirs.values_list("category").annotate(Count("pk")))
    return LeadScope(
        active=theirs.open().count(),
        all=theirs.count(),
        campaigns=_options(Campaign, by_campaign, _chosen("campaign", said)),
        categories=_options(Category, by_category, _chosen("category", said)),
    )


def _chosen(name: str, said: QueryDict) -> set[int]:
    """Return the ids in the field `name` and in all fields whose name begins with
    `name_`; values that are no ids are left out.
    """
    fields = [one for one in said if one == name or one.startswith(f"{name}_")]
    return {int(pk) for one in fields for pk in said.getlist(one) if is_id(pk)}


def _options(
    kind: type[Campaign] | type[Category], counts: Mapping[int, int], chosen: set[int]
) -> list[Option]:
    known = kind.objects.filter(pk__in={*counts, *chosen})
    return [(str(one.pk), f"{one}, {counts.get(one.pk, 0)}") for one in known]


def _counted(rows: Iterable[tuple[int | None, int]]) -> dict[int, int]:
    return {pk: count for pk, count in rows if pk is not None}
