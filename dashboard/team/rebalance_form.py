"""The form of levelling: who takes part, and if live conversations may move."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property

from assignments.models import Member, Team, User
from dashboard.assign.member_choices import MemberOption, member_choices
from dashboard.assign.pool_fields import id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceMember:
    """A member who may take part."""

    candidate: MemberOption
    is_ticked: bool

    @property
    def member(self) -> Member:
        return self.candidate.member


def _is_here(one: MemberOption) -> bool:
    """Return True for a member who is not away and has a name: without one, Smartlead
    named an id that we do not know.
    """
    return one.away is None and bool(one.member.name)


class RebalanceForm(forms.Form):
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label="All teams",
        error_messages={"invalid_choice": "There is no such team (any more)."},
    )
    live = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        self.given = data
        self.user = user

    @cached_property
    def teams(self) -> list[Team]:
        """Return the teams of the members whom this user may choose, by name."""
        named = {one.member.team for one in self._candidates if one.member.team}
        return sorted(named, key=lambda team: team.name)

    @cached_property
    def _candidates(self) -> list[MemberOption]:
        return member_choices(self.user)

    @cached_property
    def places(self) -> list[RebalanceMember]:
        """Return the members to choose from, of the chosen team if there is one, ticked
        as sent. Without `member` and `chosen` in the data, all who are here and have
        a name are ticked.
        """
        is_begun = "member" in self.given or "chosen" in self.given
        ticked = {id_of(text) for text in self.given.getlist("member")}
        return [
            RebalanceMember(
                candidate=one,
                is_ticked=one.member.pk in ticked if is_begun else _is_here(one),
            )
            for one in self._candidates
            if self._team is None or one.member.team_id == self._team.pk
        ]

    @property
    def _team(self) -> Team | None:
        said: Mapping[str, Team | None] = self.cleaned_data if self.is_valid() else {}
        return said.get("team")

    @property
    def members(self) -> list[Member]:
        return [place.member for place in self.places if place.is_ticked]

    @property
    def with_live(self) -> bool:
        return bool(self.cleaned_data.get("live"))

    @property
    def query(self) -> str:
        """Return `team`, `member` and `live` as a query string without empty values,
        and `chosen=1`, with which `places` ticks nobody on its own.
        """
        kept = QueryDict(mutable=True)
        for name in ("team", "member", "live"):
            kept.setlist(name, [value for value in self.given.getlist(name) if value])
        kept["chosen"] = "1"
        return kept.urlencode()

    def judge(self) -> bool:
        """Return True if the form is valid, each member sent may be chosen, and two or
        more are ticked; else add an error for what is wrong and return False.
        """
        if not self.is_valid():
            return False
        strangers = {id_of(text) for text in self.given.getlist("member")} - {
            one.member.pk for one in self._candidates
        }
        if strangers:
            self.add_error(
                None, "Somebody of them cannot be chosen (any more). Choose again."
            )
        elif len(self.members) < 2:
            self.add_error(None, "Choose two members at least.")
        return self.is_valid()

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]
