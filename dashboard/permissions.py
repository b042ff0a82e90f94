"""Rights of the viewer, asked once a page instead of once a row.

The services decide (`assignments.services.access`); this mirrors them for templates.
"""

from dataclasses import dataclass, field
from typing import Self

from assignments.models import Lead, Member, User
from assignments.services.access import (
    Role,
    is_manager,
    may_not_move_sentence,
    move_obstacle,
    own_team_id,
    role_of,
)
from assignments.services.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerRights:
    user_id: int
    role: Role
    led_teams: frozenset[int]
    own_team: int | None = None
    # The leads that the viewer sees; lists are narrowed by it, never row by row.
    sight: Sight = field(default_factory=lambda: Sight(clients=frozenset()))

    @classmethod
    def of(cls, user: User) -> Self:
        led = frozenset(user.leads_teams.values_list("pk", flat=True))
        if is_manager(user):
            role = Role.SALES_MANAGER
        else:
            role = Role.TEAM_LEAD if led else Role.MEMBER
        own_team = None if role == Role.SALES_MANAGER else own_team_id(user)
        return cls(
            user_id=user.pk,
            role=role,
            led_teams=led,
            own_team=own_team,
            sight=Sight.of(user),
        )

    @property
    def is_manager(self) -> bool:
        return self.role == Role.SALES_MANAGER

    @property
    def sees_system(self) -> bool:
        return self.role != Role.MEMBER

    @property
    def may_assign_many(self) -> bool:
        return self.role != Role.MEMBER

    def may_move(self, lead: Lead) -> bool:
        """Return True if the viewer may move the lead, by the rules of
        `why_not_assign`. A sales manager: every lead. Others: their own leads and
        those of members of teams that they lead. A lead without an owner: whoever
        leads any team, if that is known. Makes no query if `lead.owner` is loaded.
        """
        if self.is_manager:
            return True
        owner = lead.owner
        if owner is None:
            return lead.owner_is_known and bool(self.led_teams)
        return owner.user_id == self.user_id or owner.team_id in self.led_teams

    def why_not_move(self, lead: Lead) -> str:
        """Return a sentence why the viewer may not move the lead; "" if they may."""
        if self.may_move(lead):
            return ""
        obstacle = move_obstacle(
            lead.owner, is_known=lead.owner_is_known, own_team_id=self.own_team
        )
        return may_not_move_sentence(obstacle)

    @property
    def may_schedule(self) -> bool:
        """Return True for team leads and sales managers, who may schedule coverages of
        others; `may_cover` tells of whom.
        """
        return self.role != Role.MEMBER

    def may_cover(self, member: Member) -> bool:
        """Return True for a sales manager and for whoever leads the member's team: they
        may schedule and change the member's coverages.
        """
        return self.is_manager or member.team_id in self.led_teams


def landing_page(user: User) -> str:
    """Return the name of the page after signing in: `today` for team leads and sales
    managers, `inbox` for members.
    """
    return "inbox" if role_of(user) == Role.MEMBER else "today"
