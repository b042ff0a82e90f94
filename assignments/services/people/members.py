"""Members, teams, users and their roles: kept by a sales manager."""

import secrets
from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from assignments.models import Member, Team, User
from assignments.services.access import is_manager, require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.people import sign_ins
from assignments.services.people.unique_names import is_taken
from assignments.services.sla.recalculate import recount

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that two people read differently


@transaction.atomic
def add_member(
    *, actor: User, member_id: int, name: str, email: str = "", team: Team | None = None
) -> Member:
    """Enter a member that Smartlead's team board does not show."""
    require_manager(actor, "add members")
    if known := Member.objects.filter(pk=member_id).first():
        raise AssignmentRefused(f"{known} already has the Smartlead id {member_id}.")
    return Member.objects.create(
        id=member_id, name=name, email=email, team=team, source=Member.Source.HAND
    )


@transaction.atomic
def edit_member(
    *,
    actor: User,
    member: Member,
    name: str,
    email: str,
    team: Team | None,
    user: User | None,
    is_active: bool,
    capacity: int | None,
    time_zone: str,
) -> Member:
    require_manager(actor, "change members")
    other = Member.objects.filter(user=user).exclude(pk=member.pk).first()
    if user and other:
        raise AssignmentRefused(f"{user} is already linked to {other}.")
    member.name, member.email = name, email
    member.team, member.user = team, user
    member.is_active, member.capacity = is_active, capacity
    moves_zone = member.time_zone != time_zone
    member.time_zone = time_zone
    member.save()
    if moves_zone:
        recount()
    return member


@transaction.atomic
def deactivate_member(*, actor: User, member: Member) -> None:
    """No lead goes to them any more; what they have stays theirs until it is assigned."""
    require_manager(actor, "deactivate members")
    member.is_active = False
    member.save(update_fields=["is_active"])


@transaction.atomic
def save_team(
    *, actor: User, name: str, team_leads: Iterable[User], team: Team | None = None
) -> Team:
    """Make a team, or change one. Raises AssignmentRefused if the name is taken."""
    require_manager(actor, "change teams")
    team = team or Team()
    if is_taken(Team.objects.exclude(pk=team.pk), name):
        raise AssignmentRefused(f"There is already a team “{name}”.")
    team.name = name
    team.save()
    team.team_leads.set(team_leads)
    return team


@transaction.atomic
def remove_team(*, actor: User, team: Team) -> None:
    """Its members stay, without a team."""
    require_manager(actor, "remove teams")
    team.delete()


@transaction.atomic
def create_user(
    *,
    actor: User,
    username: str,
    first_name: str,
    last_name: str,
    email: str = "",
    is_sales_manager: bool = False,
) -> tuple[User, str]:
    """A new login and its password, which nobody can read again."""
    require_manager(actor, "create logins")
    if is_taken(User.objects.all(), username, column="username"):
        raise AssignmentRefused(f"There is already a login “{username}”.")
    password = _new_password()
    try:
        user = User.objects.create_user(
            username,
            email,
            password,
            first_name=first_name,
            last_name=last_name,
            is_sales_manager=is_sales_manager,
        )
    except IntegrityError:
        raise AssignmentRefused(f"There is already a login “{username}”.") from None
    return user, password


@transaction.atomic
def edit_user(
    *,
    actor: User,
    user: User,
    first_name: str,
    last_name: str,
    email: str,
    is_sales_manager: bool,
    is_active: bool,
) -> User:
    """Change a login. Raises AssignmentRefused where nobody would be left to manage."""
    require_manager(actor, "change logins")
    _spare_administrators(actor, user, "changes that login")
    stays = is_active and (is_sales_manager or user.is_superuser)
    if is_manager(user) and not stays:
        _keep_a_manager(without=user)
    user.first_name, user.last_name, user.email = first_name, last_name, email
    user.is_sales_manager, user.is_active = is_sales_manager, is_active
    user.save()
    return user


@transaction.atomic
def set_password(*, actor: User, user: User) -> str:
    """A new password for somebody who forgot theirs; shown once."""
    require_manager(actor, "set the password of others")
    _spare_administrators(actor, user, "sets that password")
    password = _new_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins.unlock_user(actor=actor, user=user)
    return password


def _spare_administrators(actor: User, user: User, does: str) -> None:
    if user.is_superuser and not actor.is_superuser:
        raise AssignmentRefused(
            f"{user} is an administrator: only an administrator {does}."
        )


def _keep_a_manager(*, without: User) -> None:
    """Two managers stepping down at once must not leave nobody: the rows are locked."""
    managers = User.objects.select_for_update().filter(
        Q(is_sales_manager=True) | Q(is_superuser=True), is_active=True
    )
    if not [manager for manager in managers if manager.pk != without.pk]:
        raise AssignmentRefused(
            f"{without} is the last sales manager. Make somebody else one first."
        )


def _new_password() -> str:
    password = "-".join(
        "".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)
    )
    try:
        validate_password(password)
    except ValidationError:  # random, yet on a list of common ones: draw again
        return _new_password()
    return password
