"""Rights of users. Checks raise NotAllowed with a sentence.

See docs/design/design.md, section 9.
"""

from dataclasses import dataclass
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet

from assignments.models import Assignment, Coverage, Lead, Member, User
from assignments.services.errors import NotAllowed
from assignments.services.sight import NO_SUCH_LEAD, Sight


class Role(models.TextChoices):
    MEMBER = "member", "Member"
    TEAM_LEAD = "team_lead", "Team lead"
    SALES_MANAGER = "sales_manager", "Sales manager"


def role_of(user: User) -> Role:
    """Return the role of a user: SALES_MANAGER, TEAM_LEAD or MEMBER.

    The first if `is_manager`; the second for others who lead a team, active or not.
    """
    if is_manager(user):
        return Role.SALES_MANAGER
    return Role.TEAM_LEAD if user.leads_teams.exists() else Role.MEMBER


def is_manager(user: User) -> bool:
    """Return whether the user is active and a sales manager or a superuser."""
    return user.is_manager


def require_manager(user: User, act: str) -> None:
    """Raise NotAllowed unless `user` is a manager.

    The message is "Only a sales manager can `act`."
    """
    if not is_manager(user):
        raise NotAllowed(f"Only a sales manager can {act}.")


def may_use_password(username: str) -> bool:
    """Return whether LOCAL_SIGN_IN leaves this login its password of Handoff."""
    names: frozenset[str] | None = settings.LOCAL_SIGN_IN
    return names is None or username in names


def break_glass_names() -> frozenset[str]:
    """Return the logins that LOCAL_SIGN_IN names; empty if all keep their password."""
    names: frozenset[str] | None = settings.LOCAL_SIGN_IN
    return names or frozenset()


def active_members() -> QuerySet[Member]:
    """Return the members who can get leads at all: whoever is suggested is one of them."""
    return Member.objects.filter(is_active=True)


def choosable_members(user: User) -> QuerySet[Member]:
    """Return the active members to whom this user may give a lead.

    Those are all for a manager; else those of teams that the user leads and of the own
    member's team, which includes the own member.
    """
    active = active_members()
    if is_manager(user):
        return active
    return active.filter(
        Q(team__team_leads=user) | Q(team__members__user=user)
    ).distinct()


class MoveObstacle(models.TextChoices):
    """The reason why a lead is not a user's to move, and their way out."""

    OTHER_TEAM = "other_team", "it belongs to another team"
    COLLEAGUE = "colleague", "a colleague has it"
    NO_TEAM = "no_team", "its owner is in no team"
    NOBODYS = "nobodys", "nobody has it"
    NOT_KNOWN = "not_known", "Smartlead has not said who has it"


WHO_CAN = {
    MoveObstacle.OTHER_TEAM: "Ask a sales manager.",
    MoveObstacle.COLLEAGUE: "Ask your team lead or a sales manager.",
    MoveObstacle.NO_TEAM: "Ask a sales manager.",
    MoveObstacle.NOBODYS: "Ask a team lead or a sales manager.",
    MoveObstacle.NOT_KNOWN: "Ask a sales manager.",
}


def move_obstacle(
    owner: Member | None, *, is_known: bool, own_team_id: int | None
) -> MoveObstacle:
    """Return why a lead of this owner is not to be moved by somebody who may not.

    `own_team_id`: the team of their own member, which they do not lead; None without.
    """
    if owner is None:
        return MoveObstacle.NOBODYS if is_known else MoveObstacle.NOT_KNOWN
    if owner.team_id is None:
        return MoveObstacle.NO_TEAM
    is_colleague = owner.team_id == own_team_id
    return MoveObstacle.COLLEAGUE if is_colleague else MoveObstacle.OTHER_TEAM


def may_not_move_sentence(obstacle: MoveObstacle) -> str:
    """Return "You can see this lead but not move it", why, and whom to ask."""
    return (
        f"You can see this lead but not move it: {obstacle.label}. {WHO_CAN[obstacle]}"
    )


def not_yours(owner: Member | None, *, is_known: bool) -> str:
    """Return a sentence why a lead of this owner is not a team lead's to move."""
    label = str(move_obstacle(owner, is_known=is_known, own_team_id=None).label)
    return f"{label[0].upper()}{label[1:]}. A sales manager can move it."


def own_team_id(user: User) -> int | None:
    """Return the team of the member who is linked to this user, or None."""
    team = Member.objects.filter(user=user).values_list("team", flat=True)
    return team.first()


def why_not_assign(user: User, *, lead: Lead, to: Member | None) -> str | None:
    """Return a sentence why this user may not give this lead to that member, else None.

    A manager may do all. Others must be active, see the lead, own it or lead its owner's
    team (of a lead known to have no owner: any team), and have `to` among
    `choosable_members`. `to` None: no receiver is checked.
    """
    if is_manager(user):
        return None
    if not user.is_active:
        return "This login has been deactivated."
    if not Sight.of(user).sees(lead.pk):
        return NO_SUCH_LEAD
    if not _may_move(user, lead):
        obstacle = move_obstacle(
            lead.owner, is_known=lead.owner_is_known, own_team_id=own_team_id(user)
        )
        return may_not_move_sentence(obstacle)
    if to is not None and not choosable_members(user).filter(pk=to.pk).exists():
        return f"{to} is not in your team. Ask a sales manager to assign it."
    return None


def check_may_receive(user: User, member: Member) -> None:
    """Raise NotAllowed unless `member` is among `choosable_members` of this user."""
    if not choosable_members(user).filter(pk=member.pk).exists():
        raise NotAllowed(not_in_team_sentence(member))


def not_in_team_sentence(member: Member) -> str:
    return (
        f"{member} is not in your team. Choose somebody else, or ask a sales manager."
    )


def check_assign(user: User, *, lead: Lead, to: Member | None) -> None:
    """Raise NotAllowed if `why_not_assign` has a reason."""
    if why_not := why_not_assign(user, lead=lead, to=to):
        raise NotAllowed(why_not)


def movable_owner_ids(user: User) -> frozenset[int | None] | None:
    """Return the ids of the members whose leads `user` may move.

    Those are their own and those of teams they lead; for one who leads a team the set
    has None too, which stands for leads without an owner. The result is None for a
    manager, who has no limit.
    """
    if is_manager(user):
        return None
    of_own = Member.objects.filter(Q(team__team_leads=user) | Q(user=user))
    owners: set[int | None] = set(of_own.values_list("pk", flat=True))
    return frozenset(owners | {None} if user.leads_teams.exists() else owners)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRights:
    """Rights of one user to take back changes of single leads, read once for many.

    `movable` and `choosable` are ids of members; None: no limit.
    """

    user: User
    movable: frozenset[int | None] | None
    choosable: frozenset[int] | None
    leads: bool

    @classmethod
    def of(cls, user: User) -> Self:
        movable = movable_owner_ids(user)
        if movable is None:
            return cls(user=user, movable=None, choosable=None, leads=True)
        return cls(
            user=user,
            movable=movable,
            choosable=frozenset(choosable_members(user).values_list("pk", flat=True)),
            leads=None in movable,
        )

    def why_not(self, change: Assignment) -> str:
        """Return a sentence why the user may not undo this change, else an empty text.

        Their own decision about a single lead they may always take back. Else they must
        lead a team, be allowed to move the lead, and to give leads to who had it.
        """
        if not self.user.is_active:
            return "This login has been deactivated."
        is_single = change.batch_id is None
        if is_single and change.actor_id == self.user.pk:
            return ""
        if not self.leads or not self._may_move(change.lead):
            return f"Only {_who_may_undo(change)} can undo it."
        before = change.expected
        if before and self.choosable is not None and before.pk not in self.choosable:
            return f"{before} is not in your team. Ask a sales manager to undo it."
        return ""

    def _may_move(self, lead: Lead) -> bool:
        if self.movable is None:
            return True
        is_known = lead.owner_id is not None or lead.owner_is_known
        return is_known and lead.owner_id in self.movable


def _who_may_undo(change: Assignment) -> str:
    owner = change.lead.owner
    names = [f"{change.actor}"] if change.actor and change.batch_id is None else []
    names += [f"a team lead of {owner}"] if owner else []
    return " or ".join([*filter(None, [", ".join(names)]), "a sales manager"])


def check_assign_many(user: User) -> None:
    """Raise NotAllowed if the role of `user` is MEMBER."""
    if role_of(user) == Role.MEMBER:
        raise NotAllowed(
            "Only a team lead or a sales manager can assign several leads at once."
        )


def _may_move(user: User, lead: Lead) -> bool:
    owner = lead.owner
    if owner is None:
        return lead.owner_is_known and user.leads_teams.exists()
    if owner.user_id == user.pk:
        return True
    return owner.team is not None and owner.team.team_leads.contains(user)


def why_not_cover(user: User, member: Member) -> str | None:
    """Return a sentence why `user` may not plan an absence of `member`, else None.

    The member's own active user may, and all who may decide about their absences.
    """
    if is_own_member(user, member):
        return None
    return why_not_decide_absences(user, member)


def may_read_comment(user: User, coverage: Coverage) -> bool:
    """Return whether `user` may read the private comment of a coverage.

    The active user of its member may, and all who may decide about the member's
    absences; not those who cover.
    """
    return why_not_cover(user, coverage.member) is None


def why_not_decide_absences(user: User, member: Member) -> str | None:
    """Return why `user` may not decide about absences of `member`, else None.

    It is a sentence. Managers may, and active leads of the member's team; others may
    not, not even the member.
    """
    if is_manager(user):
        return None
    if not user.is_active:
        return "This login has been deactivated."
    if member.team is not None and member.team.team_leads.contains(user):
        return None
    return (
        f"{member} is not in a team that you lead. Ask a team lead of theirs, or a "
        "sales manager."
    )


def check_decides_absences(user: User, member: Member) -> None:
    """Raise NotAllowed if `why_not_decide_absences` has a reason."""
    if why_not := why_not_decide_absences(user, member):
        raise NotAllowed(why_not)


def is_own_member(user: User, member: Member | None) -> bool:
    """Return whether `user` is active and is the login of `member`; False for None."""
    return user.is_active and member is not None and member.user_id == user.pk
