"""Invitations: a login with its role, member and team, and the link to its password."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from assignments.models import Member, Team, User
from assignments.services.access import Role, require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications import invitation_mail
from assignments.services.people.members import check_administrator
from assignments.services.people.sight_limits import limit_clients
from assignments.services.people.unique_names import find_taken

ACT = "invite people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A login that waits for its first password. `path` is a secret, shown once."""

    user: User
    path: str
    is_mailed: bool


@transaction.atomic
def invite(
    *,
    actor: User,
    at: datetime,
    login: str,
    name: str,
    role: Role,
    member: Member | None = None,
    team: Team | None = None,
    clients: Collection[int] = (),
) -> Invitation:
    """Create a login without a password and return its invitation.

    `login` may be a mail address, which is then theirs; else it is the member's. The
    member is linked and joins `team`, which a team lead leads too; empty: the member's
    own team. `clients`: ids of those to whose leads they are limited. Raises NotAllowed
    unless `actor` is a manager; AssignmentRefused if login or address is taken, the
    member has a login, a team lead no team, or a sales manager would be limited.
    """
    require_manager(actor, ACT)
    _check_member(member)
    email = login if "@" in login else member.email if member else ""
    _check_free(login, email)
    team = team or (member.team if member else None)
    if role == Role.TEAM_LEAD and team is None:
        raise AssignmentRefused("Choose the team that they lead.")
    user = _create(login, email, name, is_manager=role == Role.SALES_MANAGER)
    limit_clients(actor=actor, user=user, clients=clients)
    if member is not None:
        member.user, member.team = user, team
        member.save(update_fields=["user", "team"])
    if role == Role.TEAM_LEAD and team is not None:
        team.team_leads.add(user)
    return _invitation(user, actor, at)


@transaction.atomic
def renew(*, actor: User, user: User, at: datetime) -> Invitation:
    """Return a new invitation of a login without a password; earlier links end.

    A mail of an earlier one that still waits is replaced. Raises NotAllowed unless
    `actor` is a manager, AssignmentRefused if the login has a password or is
    deactivated, or is a superuser's and `actor` is none.
    """
    require_manager(actor, ACT)
    check_administrator(actor, user, "invites that login again")
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise AssignmentRefused(f"{user} may not sign in. Allow it first.")
    if user.has_usable_password():
        raise AssignmentRefused(f"{user} has chosen a password already.")
    user.set_unusable_password()  # another one than before: so old links end
    user.save(update_fields=["password"])
    return _invitation(user, actor, at)


@transaction.atomic
def accept(*, key: str, token: str, password: str) -> User | None:
    """Give the invited user this password, unchecked, and return them.

    None, and nothing is done, if `invited_user` finds nobody: a link works once.
    """
    known = invitation_mail.invited_user(key, token)
    if known is None:
        return None
    User.objects.select_for_update().get(pk=known.pk)
    user = invitation_mail.invited_user(key, token)
    if user is not None:
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _check_member(member: Member | None) -> None:
    """Lock the member; raise AssignmentRefused if they have a login already."""
    if member is None:
        return
    locked = Member.objects.select_for_update(no_key=True, of=("self",))
    now = locked.select_related("user").get(pk=member.pk)
    if now.user is not None:
        raise AssignmentRefused(
            f"{now} already has a login: they sign in as “{now.user.username}”."
        )


def _check_free(login: str, email: str) -> None:
    """Raise AssignmentRefused, naming the other, if a login has this name or address.

    Both are compared by `find_taken`, without regard to case.
    """
    for column, text in (("username", login), ("email", login), ("email", email)):
        others = User.objects.exclude(email="") if column == "email" else User.objects
        if text and (known := find_taken(others.all(), text, column=column)):
            user = User.objects.get(pk=known)
            what = "the login" if column == "username" else "the e-mail"
            raise AssignmentRefused(
                f"{user} already has {what} “{text}”: they sign in as "
                f"“{user.username}”. There is nothing to create."
            )


def _create(login: str, email: str, name: str, *, is_manager: bool) -> User:
    first, _, last = name.partition(" ")
    user = User(
        username=User.normalize_username(login),
        email=email,
        first_name=first[:150],
        last_name=last.strip()[:150],
        is_sales_manager=is_manager,
    )
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise AssignmentRefused(" ".join(error.messages)) from error
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        _check_free(login, email)  # somebody else has just created it: say so
        raise
    return user


def _invitation(user: User, actor: User, at: datetime) -> Invitation:
    is_mailed = invitation_mail.queue_invitation(user=user, actor=actor, at=at)
    path = invitation_mail.invitation_path(user)
    return Invitation(user=user, path=path, is_mailed=is_mailed)
