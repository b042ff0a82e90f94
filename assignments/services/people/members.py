"""Members, teams and logins with their roles, as sales managers keep them."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assignments.models import AccessChange, Member, SignInEvent, Team, User
from assignments.services.access import is_manager, may_use_password, require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.people import deactivation, sign_ins
from assignments.services.people.sight_limits import check_may_manage
from assignments.services.people.unique_names import is_taken
from assignments.services.sla.recalculate import recalculate_all

_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


@transaction.atomic
def add_member(
    *, actor: User, member_id: int, name: str, email: str = "", team: Team | None = None
) -> Member:
    """Create and return an active member by hand, not from Smartlead's team board.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused if a member has
    this Smartlead id.
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
    """Save all these values of a member and return it.

    A changed time zone has all deadlines recalculated. Raises NotAllowed unless `actor`
    is a manager, AssignmentRefused if `user` is linked to another member.
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
def deactivate_member(
    *, actor: User, member: Member, at: datetime
) -> AccessChange | None:
    """Set a member inactive; the leads they own stay theirs.

    Their login is deactivated with them, unless it is a sales manager's; return the
    record of that, or None. Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, "deactivate members")
    member.is_active = False
    member.save(update_fields=["is_active"])
    if not ends_login(member):
        return None
    assert member.user is not None  # noqa: S101  for the type checker
    return deactivation.end_access(member.user, at=at, actor=actor)


def ends_login(member: Member) -> bool:
    """Return whether a login is deactivated with this member. One of a sales manager
    is not: it can do all, so that is decided under Logins.
    """
    user = member.user
    return user is not None and user.is_active and not is_manager(user)


@transaction.atomic
def activate_member(*, actor: User, member: Member) -> None:
    """Set a member active, so that they may be given leads; a login that was
    deactivated stays so.

    Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, "activate members")
    member.is_active = True
    member.save(update_fields=["is_active"])


@transaction.atomic
def save_team(
    *, actor: User, name: str, team_leads: Iterable[User], team: Team | None = None
) -> Team:
    """Create a team, or change `team`, with exactly these team leads; return it.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused if another team has
    this name, by `is_taken`.
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
    """Delete a team; its members stay, without one.

    Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, "remove teams")
    team.delete()


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
    at: datetime,
) -> User:
    """Save all these values of a login and return it. If it may sign in no more, all
    its access ends, by `deactivation.end_access`.

    Raises NotAllowed unless `actor` is a manager; AssignmentRefused if `user` is a
    superuser and `actor` is none, if no other active manager would be left, or if a
    sales manager would be limited to clients.
    """
    require_manager(actor, "change logins")
    check_administrator(actor, user, "changes that login")
    stays = is_active and (is_sales_manager or user.is_superuser)
    if is_sales_manager:
        check_may_manage(user)
    if is_manager(user) and not stays:
        check_manager_stays(without=user)
    user.first_name = first_name
    user.last_name = last_name
    user.email = email
    user.is_sales_manager = is_sales_manager
    user.is_active = is_active
    _save_access(user, actor=actor, at=at)
    return user


def _save_access(user: User, *, actor: User, at: datetime) -> None:
    """Save the login; end its access, or record it, if `is_active` has changed."""
    was_active = User.objects.filter(pk=user.pk, is_active=True).exists()
    user.save()
    if was_active and not user.is_active:
        deactivation.end_access(user, actor=actor, at=at)
    elif user.is_active and not was_active:
        deactivation.record_allowed(user, actor=actor, at=at)


@transaction.atomic
def set_password(*, actor: User, user: User) -> str:
    """Give a login a new random password, unlock its sign-ins, and return the password.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused if `user` is a
    superuser and `actor` is none, or may not use a password.
    """
    require_manager(actor, "set the password of others")
    check_administrator(actor, user, "sets that password")
    if not may_use_password(user.get_username()):
        raise AssignmentRefused(
            f"{user} signs in with {settings.OIDC_NAME}; a password would open nothing."
        )
    password = _new_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins.unlock_user(actor=actor, user=user)
    kind, at = SignInEvent.Kind.PASSWORD_SET, timezone.now()
    sign_ins.record(kind, user=user, at=at, by=actor)
    return password


def check_administrator(actor: User, user: User, action: str) -> None:
    """Raise AssignmentRefused if `user` is a superuser and `actor` is none.

    `action` ends the sentence “only an administrator …”.
    """
    if user.is_superuser and not actor.is_superuser:
        raise AssignmentRefused(
            f"{user} is an administrator: only an administrator {action}."
        )


def check_manager_stays(*, without: User) -> None:
    """Lock the active managers; raise AssignmentRefused if `without` is the only one.

    With the lock, two of them who step down at once cannot leave nobody.
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
