"""Members, teams and logins with their roles, as sales managers keep them."""

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
from assignments.services.sla.recalculate import recalculate_all

_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


@transaction.atomic
def add_member(
    *, actor: User, member_id: int, name: str, email: str = "", team: Team | None = None
) -> Member:
    """Create a member that Smartlead's team board does not show.

    Raises NotAllowed, or AssignmentRefused if the Smartlead id is known.
    """
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
    """Save a member. A new time zone moves the due dates of their answers.

    Raises NotAllowed, or AssignmentRefused if the login belongs to another member.
    """
    require_manager(actor, "change members")
    other = Member.objects.filter(user=user).exclude(pk=member.pk).first()
    if user and other:
        raise AssignmentRefused(f"{user} is already linked to {other}.")
    member.name = name
    member.email = email
    member.team = team
    member.user = user
    member.is_active = is_active
    member.capacity = capacity
    is_zone_changed = member.time_zone != time_zone
    member.time_zone = time_zone
    member.save()
    if is_zone_changed:
        recalculate_all()
    return member


@transaction.atomic
def deactivate_member(*, actor: User, member: Member) -> None:
    """Let no more leads go to a member; they keep those they have.

    Raises NotAllowed.
    """
    require_manager(actor, "deactivate members")
    member.is_active = False
    member.save(update_fields=["is_active"])


@transaction.atomic
def save_team(
    *, actor: User, name: str, team_leads: Iterable[User], team: Team | None = None
) -> Team:
    """Create a team, or change `team`.

    Raises NotAllowed, or AssignmentRefused if the name is taken.
    """
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
    """Delete a team; its members stay, without one. Raises NotAllowed."""
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
    """Create a login. Return it with its new password, which is stored as a hash only.

    Raises NotAllowed, or AssignmentRefused if the name is taken.
    """
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
    """Save a login.

    Raises NotAllowed, or AssignmentRefused if it is an administrator's and `actor` is
    none, or no active sales manager would be left.
    """
    require_manager(actor, "change logins")
    _check_administrator(actor, user, "changes that login")
    stays = is_active and (is_sales_manager or user.is_superuser)
    if is_manager(user) and not stays:
        _keep_a_manager(without=user)
    user.first_name = first_name
    user.last_name = last_name
    user.email = email
    user.is_sales_manager = is_sales_manager
    user.is_active = is_active
    user.save()
    return user


@transaction.atomic
def set_password(*, actor: User, user: User) -> str:
    """Give a login a new password and unlock it. Return the password.

    Raises NotAllowed, or AssignmentRefused if it is an administrator's and `actor` is
    none.
    """
    require_manager(actor, "set the password of others")
    _check_administrator(actor, user, "sets that password")
    password = _new_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins.unlock_user(actor=actor, user=user)
    return password


def _check_administrator(actor: User, user: User, action: str) -> None:
    """Raise AssignmentRefused if only `user` is an administrator."""
    if user.is_superuser and not actor.is_superuser:
        raise AssignmentRefused(
            f"{user} is an administrator: only an administrator {action}."
        )


def _keep_a_manager(*, without: User) -> None:
    """Raise AssignmentRefused if no other active manager is there; lock their rows.

    So two of them who step down at once cannot leave nobody.
    """
    managers = User.objects.select_for_update().filter(
        Q(is_sales_manager=True) | Q(is_superuser=True), is_active=True
    )
    if not [manager for manager in managers if manager.pk != without.pk]:
        raise AssignmentRefused(
            f"{without} is the last sales manager. Make somebody else one first."
        )


def _new_password() -> str:
    password = "-".join(
        "".join(secrets.choice(_CHARACTERS) for _ in range(4)) for _ in range(4)
    )
    try:
        validate_password(password)
    except ValidationError:  # random, yet on a list of common ones: draw again
        return _new_password()
    return password
