"""The log of sign-ins, and the locks that follow from wrong passwords in it.

A guess is written down before its password is checked, so that guesses that arrive at the
same moment count each other.
"""

import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from assignments.models import SignInEvent, User
from assignments.services.access import require_manager

Kind = SignInEvent.Kind
WINDOW = timedelta(minutes=15)
GUESSES_PER_PAIR = 5  # of one name from one address
GUESSES_PER_ADDRESS = 50  # of all names from one address
GUESSES_PER_NAME = 100  # of one name from all addresses
GUESSES_OF_OLD_PASSWORD = 5
LONGEST_NAME = 150  # of a login
PREFIX_OF_IPV6 = 64  # one household or machine may use any address in it

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """From where somebody signs in; `address` is None where it is not known."""

    address: str | None
    browser: str

    @property
    def network(self) -> str:
        return network_of(self.address)


@dataclass(frozen=True, slots=True)
class Lock:
    """No password is checked before `until`."""

    until: datetime

    def minutes(self, at: datetime) -> int:
        """Return the whole minutes that are left, at least 1."""
        return max(1, -(-(self.until - at) // timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class _Limit:
    """`rows`: which guesses count together; `most`: how many lock."""

    rows: Q
    most: int


def network_of(address: str | None) -> str:
    """Return what is counted as one address; empty where it is not known."""
    if not address:
        return ""
    parsed = ip_address(address)
    if parsed.version == 4:
        return str(parsed)
    return str(ip_network((parsed, PREFIX_OF_IPV6), strict=False))


def name_key_of(name: str) -> str:
    """Return a keyed hash of a typed name, the same for SARA and sara."""
    digest = salted_hmac("sign-in name", _folded(name), algorithm="sha256")
    return digest.hexdigest()[:32]


def begin_sign_in(*, name: str, visitor: Visitor, at: datetime) -> SignInEvent | Lock:
    """Write a guess down before its password is checked, or return why it is not.

    The guess counts as wrong until `confirm_sign_in` says otherwise.
    """
    event = SignInEvent(
        at=at, kind=Kind.WRONG_PASSWORD, user=_user_named(name),
        name_key=name_key_of(name), address=visitor.address,
        network=visitor.network, browser=visitor.browser,
    )  # fmt: skip
    return _begin(event, _limits_of(event))


def lock_after(event: SignInEvent, *, at: datetime) -> Lock | None:
    """Write down that a guess was wrong; return the lock if it was one too many."""
    _log(event)
    return _lock_of(event, _limits_of(event), at, with_itself=True)


@transaction.atomic
def confirm_sign_in(
    *, user: User, visitor: Visitor, at: datetime, event: SignInEvent | None
) -> None:
    """The password was right: forget the wrong ones of this name at this address."""
    event = event or _event_of(user, visitor, at)
    event.kind, event.user = Kind.SIGNED_IN, user
    event.save()
    _stop_counting(Q(name_key=event.name_key, network=event.network))
    _log(event)


def record_sign_out(*, user: User, visitor: Visitor, at: datetime) -> None:
    event = _event_of(user, visitor, at)
    event.kind = Kind.SIGNED_OUT
    event.save()
    _log(event)


def begin_password_change(
    *, user: User, visitor: Visitor, at: datetime
) -> SignInEvent | Lock:
    """As `begin_sign_in`, for the old password that a signed-in user types."""
    event = _event_of(user, visitor, at)
    event.kind = Kind.WRONG_OLD_PASSWORD
    return _begin(event, [_Limit(Q(user=user), GUESSES_OF_OLD_PASSWORD)])


def end_password_change(event: SignInEvent, *, was_right: bool, is_done: bool) -> None:
    """Write down what became of it; a right old password with a bad new one is nothing."""
    if not was_right:
        _log(event)
    elif is_done:
        event.kind = Kind.PASSWORD_CHANGED
        event.save()
        _stop_counting(Q(user=event.user, kind=Kind.WRONG_OLD_PASSWORD))
        _log(event)
    else:
        event.delete()


def unlock_user(*, actor: User, user: User) -> None:
    """Let somebody try again at once."""
    require_manager(actor, "unlock a login")
    unlock(name=user.get_username())


def unlock(*, name: str | None = None, address: str | None = None) -> int:
    """Stop counting wrong passwords of a name, an address, both together, or all.

    Returns how many guesses counted. They stay in the log.
    """
    rows = Q()
    if name is not None:
        rows &= Q(name_key=name_key_of(name))
    if address is not None:
        rows &= Q(network=network_of(address))
    return _stop_counting(rows)


def prune(*, at: datetime) -> int:
    """Delete what is older than the log is kept, and what is beyond its size.

    Guesses have a share of their own, so that a flood of them does not displace the
    sign-ins. Returns how many rows are deleted.
    """
    oldest = at - timedelta(days=settings.SIGN_IN_LOG_DAYS)
    count, _ = SignInEvent.objects.filter(at__lt=oldest).delete()
    guesses = Q(kind__in=(Kind.WRONG_PASSWORD, Kind.LOCKED))
    for share in (guesses, ~guesses):
        rows = SignInEvent.objects.filter(share)
        beyond = rows.order_by("-id").values_list("id", flat=True)
        if last := beyond[settings.SIGN_IN_LOG_ROWS :].first():
            count += rows.filter(id__lte=last).delete()[0]
    return count


def _begin(event: SignInEvent, limits: list[_Limit]) -> SignInEvent | Lock:
    if lock := _lock_of(event, limits, event.at):
        return lock
    event.save()
    if lock := _lock_of(event, limits, event.at):
        event.delete()  # others came first, at the same moment
        return lock
    return event


def _lock_of(
    event: SignInEvent, limits: list[_Limit], at: datetime, *, with_itself: bool = False
) -> Lock | None:
    """Return the longest lock that earlier guesses, and perhaps this one, lead to."""
    locks = []
    for limit in limits:
        guesses = _counted(at).filter(limit.rows, kind=event.kind)
        if not with_itself:
            guesses = guesses.exclude(pk=event.pk)
        decisive = guesses.order_by("-at", "-id")[limit.most - 1 : limit.most].first()
        if decisive:
            locks.append(Lock(decisive.at + WINDOW))
            _record_lock(event, limit, at)
    return max(locks, key=lambda lock: lock.until, default=None)


def _limits_of(event: SignInEvent) -> list[_Limit]:
    """Return what locks a sign-in.

    Where its name has signed in before, guesses from elsewhere or at other names never
    lock it: nobody can shut people out of the place where they work.
    """
    name, network = Q(name_key=event.name_key), Q(network=event.network)
    limits = [_Limit(name & network, GUESSES_PER_PAIR)]
    if not SignInEvent.objects.filter(name & network, kind=Kind.SIGNED_IN).exists():
        limits.append(_Limit(network, GUESSES_PER_ADDRESS))
        limits.append(_Limit(name, GUESSES_PER_NAME))
    return limits


def _record_lock(event: SignInEvent, limit: _Limit, at: datetime) -> None:
    """Write a lock down once, however many guesses follow while it lasts."""
    if _counted(at).filter(limit.rows, kind=Kind.LOCKED).exists():
        return
    lock = SignInEvent.objects.create(
        at=at, kind=Kind.LOCKED, user=event.user, name_key=event.name_key,
        address=event.address, network=event.network, browser=event.browser,
    )  # fmt: skip
    _log(lock)


def _counted(at: datetime) -> QuerySet[SignInEvent]:
    return SignInEvent.objects.filter(at__gt=at - WINDOW, counts=True)


def _stop_counting(rows: Q) -> int:
    """Return how many guesses counted."""
    kinds = (Kind.WRONG_PASSWORD, Kind.WRONG_OLD_PASSWORD)
    counting = SignInEvent.objects.filter(rows, counts=True)
    counting.filter(kind=Kind.LOCKED).update(counts=False)
    return counting.filter(kind__in=kinds).update(counts=False)


def _event_of(user: User, visitor: Visitor, at: datetime) -> SignInEvent:
    """Return an unsaved line about somebody who is known; its kind is still missing."""
    return SignInEvent(
        at=at, user=user, name_key=name_key_of(user.get_username()),
        address=visitor.address, network=visitor.network, browser=visitor.browser,
    )  # fmt: skip


def _user_named(name: str) -> User | None:
    if "\0" in name or len(name) > LONGEST_NAME:  # no database looks for these
        return None
    wanted = Q(username=name) | Q(username__iexact=_folded(name))
    return User.objects.filter(wanted).first()


def _folded(name: str) -> str:
    name = name[
        : LONGEST_NAME + 1
    ]  # normalising is not linear in marks without a letter
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _log(event: SignInEvent) -> None:
    logger.info(
        "%s: %s from %s with %s",
        event.get_kind_display(), event.name,
        event.address or "an unknown address", event.browser,
    )  # fmt: skip
