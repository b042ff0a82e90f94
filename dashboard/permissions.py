"""Rights of the viewer, asked once a page instead of once a row.

The services decide (`assignments.services.access`); this mirrors them for templates.
"""

from dataclasses import dataclass
from typing import Self

from assignments.models import Lead, Member, User
from assignments.services.access import Role, is_manager


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerRights:
    user_id: int
    role: Role
    led_teams: frozenset[int]

    @classmethod
    def of(cls, user: User) -> Self:
        led = frozenset(user.leads_teams.values_list("pk", flat=True))
        if is_manager(user):
            role = Role.SALES_MANAGER
        else:
            role = Role.TEAM_LEAD if led else Role.MEMBER
        return cls(user_id=user.pk, role=role, led_teams=led)

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
