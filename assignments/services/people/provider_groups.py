"""Roles and teams of people who sign in with the provider, from the groups it names.

A table says which group gives what. What no line can give is nobody's to take: a role
or team that was given by hand and is in no line stays.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction

from assignments.models import GroupMapping, Member, SignInEvent, Team, User
from assignments.services.access import break_glass_names, require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.people.members import check_manager_stays
from assignments.services.people.sign_ins import Visitor, name_key

ACT = "decide what groups of the provider give"
ACCOUNTS_READ = 500  # that signed in last, for groups without a line
Role = GroupMapping.Role


@transaction.atomic
def add_line(
    *, actor: User, claim_value: str, role: str, team: Team | None
) -> GroupMapping:
    """Save and return a line of the table.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused for a team lead
    without a team, a member without one, or a line that is there.
    """
    require_manager(actor, ACT)
    if role != Role.SALES_MANAGER and team is None:
        raise AssignmentRefused("Choose the team that the group leads or belongs to.")
    same = GroupMapping.objects.filter(claim_value=claim_value, role=role, team=team)
    if same.exists():
        raise AssignmentRefused(f"The table has this line for “{claim_value}” already.")
    return GroupMapping.objects.create(claim_value=claim_value, role=role, team=team)


def remove_line(*, actor: User, line: GroupMapping) -> None:
    """Delete a line; people keep what it gave them.

    Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, ACT)
    line.delete()


def groups_without_line() -> list[tuple[str, int]]:
    """Return groups that sign-ins brought and no line names, with how many people.

    The most frequent 20, of the people who signed in last.
    """
    known = set(GroupMapping.objects.values_list("claim_value", flat=True))
    accounts = SocialAccount.objects.filter(provider=settings.OIDC_ISSUER)
    kept = accounts.order_by("-last_login").values_list("extra_data", flat=True)
    found = Counter(
        group
        for data in kept[:ACCOUNTS_READ]
        for group in data.get("groups", [])
        if group not in known
    )
    return found.most_common(20)


@transaction.atomic
def follow_groups(
    *, user: User, groups: Iterable[str] | None, visitor: Visitor, at: datetime
) -> list[str]:
    """Give and take role and teams by the table; return what changed, as sentences.

    Each change is logged. `groups` None: the provider did not say, and all stays. The
    role of a break-glass login and of the last manager is never taken.
    """
    lines = list(GroupMapping.objects.select_related("team"))
    if not lines or groups is None:
        return []
    user = User.objects.select_for_update().get(pk=user.pk)
    wanted = set(groups)
    given = [line for line in lines if line.claim_value in wanted]
    changes = [
        *_follow_manager(user, lines, given),
        *_follow_led_teams(user, lines, given),
        *_follow_own_team(user, lines, given),
    ]
    for sentence in changes:
        SignInEvent.objects.create(
            at=at, kind=SignInEvent.Kind.RIGHTS_CHANGED, user=user,
            name_key=name_key(user.get_username()), address=visitor.address,
            network=visitor.network, browser=visitor.browser, detail=sentence[:300],
        )  # fmt: skip
    return changes


def _follow_manager(
    user: User, lines: list[GroupMapping], given: list[GroupMapping]
) -> list[str]:
    if not any(line.role == Role.SALES_MANAGER for line in lines):
        return []
    source = next((line for line in given if line.role == Role.SALES_MANAGER), None)
    if bool(source) == user.is_sales_manager:
        return []
    if source and user.client_limits.exists():
        return ["Not made a sales manager: limited to clients."]
    if source is None:
        if user.get_username() in break_glass_names():
            return []
        try:
            check_manager_stays(without=user)
        except AssignmentRefused:
            return [f"Stays a sales manager without {_claim()}: the last one."]
    user.is_sales_manager = source is not None
    user.save(update_fields=["is_sales_manager"])
    if source is None:
        return [f"No longer a sales manager: no such group in {_claim()}."]
    return [f"Sales manager, by {source} in {_claim()}."]


def _follow_led_teams(
    user: User, lines: list[GroupMapping], given: list[GroupMapping]
) -> list[str]:
    leads = {
        line.team: line for line in given if line.team and line.role == Role.TEAM_LEAD
    }
    ours = {line.team for line in lines if line.team and line.role == Role.TEAM_LEAD}
    now = set(user.leads_teams.all())
    added, removed = set(leads) - now, (now & ours) - set(leads)
    if user.get_username() in break_glass_names():
        removed = set()
    user.leads_teams.add(*added)
    user.leads_teams.remove(*removed)
    return [
        *(f"Leads {team}, by {leads[team]} in {_claim()}." for team in added),
        *(f"No longer leads {team}: no such group in {_claim()}." for team in removed),
    ]


def _follow_own_team(
    user: User, lines: list[GroupMapping], given: list[GroupMapping]
) -> list[str]:
    """Move the login's member into the team of their first line that names one."""
    member = Member.objects.select_for_update(of=("self",)).filter(user=user).first()
    if member is None:
        return []
    own = {line.team_id for line in lines if line.role == Role.MEMBER}
    sources = [line for line in given if line.team and line.role == Role.MEMBER]
    if any(line.team_id == member.team_id for line in sources):
        return []
    if sources:
        member.team = sources[0].team
        change = f"In {member.team}, by {sources[0]} in {_claim()}."
    elif member.team_id in own and member.team_id is not None:
        change = f"No longer in {member.team}: no such group in {_claim()}."
        member.team = None
    else:
        return []
    member.save(update_fields=["team"])
    return [change]


def _claim() -> str:
    return f"the claim “{settings.OIDC_GROUPS_CLAIM}”"
