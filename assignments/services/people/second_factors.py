"""Second factors: who must have one, guesses of their codes, and a lost one reset.

The factors themselves are rows of django-allauth (`Authenticator`).
"""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from assignments.models import SignInEvent, User
from assignments.services.access import is_manager, may_use_password, require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications.account_mail import tell_of_change
from assignments.services.people import sessions, sign_ins
from assignments.services.people.members import check_administrator
from assignments.services.people.sign_ins import GuessLimit, SignInLock, Visitor

Kind = SignInEvent.Kind
PURPOSE = "second factors"  # for which their secrets are encrypted
CODES_PER_PAIR = 5  # of one login from one address, in 15 minutes
CODES_PER_LOGIN = 20  # from all addresses where it never signed in
NOBODY, MANAGERS, EVERYBODY = "nobody", "managers", "everybody"


def has_factor(user: User) -> bool:
    """Return whether the user has a second factor; recovery codes alone are none."""
    factors = _factors(user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return bool(factors.exists())


def must_set_up(user: User) -> bool:
    """Return whether REQUIRE_SECOND_FACTOR asks this user for a factor they lack.

    Never of whoever cannot use a password here, also an old one: their provider asks
    for the second factor.
    """
    wanted = settings.REQUIRE_SECOND_FACTOR
    if wanted == NOBODY or (wanted == MANAGERS and not is_manager(user)):
        return False
    if not user.has_usable_password() or not may_use_password(user.get_username()):
        return False
    return not has_factor(user)


def begin_code(
    *, user: User, visitor: Visitor, at: datetime
) -> SignInEvent | SignInLock:
    """Save a guess of a code before it is checked, as a wrong one, and return it.

    If earlier wrong codes lock it, return the lock instead, which is recorded once.
    """
    event = sign_ins.event_of(user, visitor, at)
    event.kind = Kind.WRONG_CODE
    name, network = Q(name_key=event.name_key), Q(network=event.network)
    limits = [GuessLimit(name & network, CODES_PER_PAIR)]
    if not SignInEvent.objects.filter(name & network, kind=Kind.SIGNED_IN).exists():
        limits.append(GuessLimit(name, CODES_PER_LOGIN))
    return sign_ins.begin_guess(event, limits)


@transaction.atomic
def reset(*, actor: User, user: User, at: datetime) -> None:
    """Delete all factors and recovery codes of a user, end their sessions, tell them.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused if the user has no
    factor, or is a superuser and `actor` is none.
    """
    require_manager(actor, "reset a second factor")
    check_administrator(actor, user, "resets that second factor")
    if not _factors(user).exists():
        raise AssignmentRefused(f"{user} has no second factor.")
    _remove_all(user, at=at, by=actor)
    change = f"{actor} has reset the second factor of your login."
    tell_of_change(user, change=change, at=at)


@transaction.atomic
def reset_from_server(*, user: User, at: datetime) -> bool:
    """Do the same for whoever runs Handoff; return whether there was a factor."""
    has_any = bool(_factors(user).exists())
    if has_any:
        _remove_all(user, at=at, by=None)
        change = "The second factor of your login was reset on the server."
        tell_of_change(user, change=change, at=at)
    return has_any


def factors_of(user: User) -> list[Authenticator]:
    """Return the user's factors and recovery codes, oldest first."""
    return list(_factors(user).order_by("created_at", "pk"))


def _remove_all(user: User, *, at: datetime, by: User | None) -> None:
    _factors(user).delete()
    sessions.end_all(user)
    sign_ins.record(Kind.FACTOR_RESET, user=user, at=at, by=by)


def _factors(user: User):  # type: ignore[no-untyped-def]  # allauth has no types
    return Authenticator.objects.filter(user=user)
