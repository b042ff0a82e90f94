"""The log of sign-ins, and the locks that follow from wrong passwords in it.

A guess is logged before its password is checked, so that guesses at the same moment
count each other.
"""

import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.crypto import salted_hmac

from assignments.models import SignInEvent, User
from assignments.services.access import require_manager
from assignments.visible_text import folded

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
    """The address and browser of somebody who signs in; `address` None if unknown."""

    address: str | None
    browser: str

    @property
    def network(self) -> str:
        return network_key(self.address)


NOBODY = Visitor(address=None, browser="")  # a change that a manager makes


@dataclass(frozen=True, slots=True)
class SignInLock:
    """No password is checked before `until`."""

    until: datetime

    def minutes(self, at: datetime) -> int:
        """Return the minutes from `at` to `until`, rounded up, at least 1."""
        return max(1, -(-(self.until - at) // timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class GuessLimit:
    """The rows whose guesses count together; `most` of them lock."""

    rows: Q
    most: int


def network_key(address: str | None) -> str:
    """Return what counts as one address: an IPv4 address, the /64 of an IPv6 one.

    The latter is like `2001:db8::/64`; "" without an address. Raises ValueError for
    what is none.
    """
    if not address:
        return ""
    parsed = ip_address(address)
    if parsed.version == 4:
        return str(parsed)
    return str(ip_network((parsed, PREFIX_OF_IPV6), strict=False))


def name_key(name: str) -> str:
    """Return a keyed hash of a typed name, 32 hex digits.

    It is the same whatever the case, the Unicode form (NFKC) and blanks at the ends.
    """
    digest = salted_hmac("sign-in name", _normalized(name), algorithm="sha256")
    return digest.hexdigest()[:32]


def begin_sign_in(
    *, name: str, visitor: Visitor, at: datetime
) -> SignInEvent | SignInLock:
    """Save a guess before its password is checked, as a wrong one, and return it.

    If earlier guesses lock it, return the lock instead; the guess is not kept, but the
    lock is recorded once.
    """
    event = SignInEvent(
        at=at, kind=Kind.WRONG_PASSWORD, user=find_user(name),
        name_key=name_key(name), address=visitor.address,
        network=visitor.network, browser=visitor.browser,
    )  # fmt: skip
    return begin_guess(event, _limits_of(event))


def record_wrong_password(event: SignInEvent, *, at: datetime) -> SignInLock | None:
    """Log that a saved guess was wrong; return the lock it leads to, else None.

    Earlier guesses count with it. The lock is recorded once.
    """
    _log(event)
    return _lock_of(event, _limits_of(event), at, with_itself=True)


def login_name(typed: str) -> str:
    """Return the user name of the only login with this mail address, else `typed`.

    A user name that looks like an address comes first.
    """
    if "@" not in typed or find_user(typed) is not None:
        return typed
    wanted = folded(typed.strip())
    known = User.objects.exclude(email="").values_list("username", "email")
    names = [name for name, email in known if folded(email) == wanted]
    return names[0] if len(names) == 1 else typed


@transaction.atomic
def confirm_sign_in(
    *, user: User, visitor: Visitor, at: datetime, event: SignInEvent | None
) -> None:
    """Save and log that the password was right, in `event` or, if None, in a new one.

    Earlier wrong passwords, codes and locks of this name from this network count no
    more.
    """
    event = event or event_of(user, visitor, at)
    event.kind, event.user = Kind.SIGNED_IN, user
    event.save()
    _stop_counting(Q(name_key=event.name_key, network=event.network))
    _log(event)


def record_password_right(event: SignInEvent) -> None:
    """Save and log that the password of a saved guess was right and is not enough."""
    event.kind = Kind.PASSWORD_RIGHT
    event.save()
    _log(event)


def record(
    kind: SignInEvent.Kind,
    *,
    user: User,
    at: datetime,
    visitor: Visitor = NOBODY,
    by: User | None = None,
) -> None:
    """Save and log that this happened to a login; `by` is who did it to somebody else."""
    event = event_of(user, visitor, at)
    event.kind, event.by = kind, by
    event.save()
    _log(event)


def begin_password_change(
    *, user: User, visitor: Visitor, at: datetime
) -> SignInEvent | SignInLock:
    """Save a guess at a signed-in user's old password, as a wrong one, and return it.

    If 5 earlier ones in the last 15 minutes lock it, return the lock instead, which is
    recorded once.
    """
    event = event_of(user, visitor, at)
    event.kind = Kind.WRONG_OLD_PASSWORD
    return begin_guess(event, [GuessLimit(Q(user=user), GUESSES_OF_OLD_PASSWORD)])


def end_password_change(event: SignInEvent, *, was_right: bool, is_done: bool) -> None:
    """Record the result of a guess from `begin_password_change`.

    A wrong one stays and is logged. If the password was changed, the event says so and
    is logged, and earlier wrong ones count no more. A right one with a new password
    that was rejected (`is_done` False) is deleted.
    """
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
    """Let wrong passwords of the user's name, and their locks, count no more.

    Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, "unlock a login")
    unlock_sign_ins(name=user.get_username())


def unlock_sign_ins(*, name: str | None = None, address: str | None = None) -> int:
    """Let wrong passwords and locks of a name, an address, or both count no more.

    Both means of that name from there, neither means all; an IPv6 address stands for
    its /64. Return how many wrong passwords (and wrong old ones) counted; they stay in
    the log. Raises ValueError for no valid address.
    """
    rows = Q()
    if name is not None:
        rows &= Q(name_key=name_key(name))
    if address is not None:
        rows &= Q(network=network_key(address))
    return _stop_counting(rows)


def prune_log(*, at: datetime) -> int:
    """Delete rows of the log that are too old or too many; return how many.

    Too old is beyond SIGN_IN_LOG_DAYS days before `at`. Of guesses (with locks and
    wishes for a new password) and of other rows the newest SIGN_IN_LOG_ROWS each stay,
    so that a flood of guesses displaces no sign-ins.
    """
    oldest = at - timedelta(days=settings.SIGN_IN_LOG_DAYS)
    count, _ = SignInEvent.objects.filter(at__lt=oldest).delete()
    guesses = Q(kind__in=(Kind.WRONG_PASSWORD, Kind.LOCKED, Kind.RESET_ASKED))
    for share in (guesses, ~guesses):
        rows = SignInEvent.objects.filter(share)
        beyond = rows.order_by("-id").values_list("id", flat=True)
        if last := beyond[settings.SIGN_IN_LOG_ROWS :].first():
            count += rows.filter(id__lte=last).delete()[0]
    return count


def recent_kinds(*, at: datetime) -> dict[str, int]:
    """Return how many events of each kind there were in the 15 minutes before `at`."""
    recent = SignInEvent.objects.filter(at__gt=at - WINDOW).order_by()
    counted = recent.values_list("kind").annotate(Count("pk"))
    return {kind.value: 0 for kind in Kind} | dict(counted)


def begin_guess(
    event: SignInEvent, limits: list[GuessLimit]
) -> SignInEvent | SignInLock:
    """Save the event and return it, or return the lock if earlier guesses lock it.

    Then no row of the event is kept.
    """
    if lock := _lock_of(event, limits, event.at):
        return lock
    event.save()
    if lock := _lock_of(event, limits, event.at):
        event.delete()  # others came first, at the same moment
        return lock
    return event


def _lock_of(
    event: SignInEvent,
    limits: list[GuessLimit],
    at: datetime,
    *,
    with_itself: bool = False,
) -> SignInLock | None:
    """Return the lock with the latest end of all limits that are reached, else None.

    A limit is reached by `most` counting events of this kind in the 15 minutes before
    `at`; `event` counts only `with_itself`. Each reached limit is recorded.
    """
    locks = []
    for limit in limits:
        guesses = _counted(at).filter(limit.rows, kind=event.kind)
        if not with_itself:
            guesses = guesses.exclude(pk=event.pk)
        decisive = guesses.order_by("-at", "-id")[limit.most - 1 : limit.most].first()
        if decisive:
            locks.append(SignInLock(decisive.at + WINDOW))
            _record_lock(event, limit, at)
    return max(locks, key=lambda lock: lock.until, default=None)


def _limits_of(event: SignInEvent) -> list[GuessLimit]:
    """Return the limits of a sign-in: 5 guesses of a name from a network.

    Only if the name never signed in from there, also 50 from the network and 100 of the
    name: so nobody can shut people out of the place where they work.
    """
    name, network = Q(name_key=event.name_key), Q(network=event.network)
    limits = [GuessLimit(name & network, GUESSES_PER_PAIR)]
    if not SignInEvent.objects.filter(name & network, kind=Kind.SIGNED_IN).exists():
        limits.append(GuessLimit(network, GUESSES_PER_ADDRESS))
        limits.append(GuessLimit(name, GUESSES_PER_NAME))
    return limits


def _record_lock(event: SignInEvent, limit: GuessLimit, at: datetime) -> None:
    """Save and log a lock, unless one of the last 15 minutes still counts.

    That is one among the limit's rows.
    """
    if _counted(at).filter(limit.rows, kind=Kind.LOCKED).exists():
        return
    lock = SignInEvent.objects.create(
        at=at, kind=Kind.LOCKED, user=event.user, name_key=event.name_key,
        address=event.address, network=event.network, browser=event.browser,
    )  # fmt: skip
    _log(lock)


def _counted(at: datetime) -> QuerySet[SignInEvent]:
    """Return the events later than 15 minutes before `at` that count."""
    return SignInEvent.objects.filter(at__gt=at - WINDOW, counts=True)


def _stop_counting(rows: Q) -> int:
    """Let wrong and wrong old passwords, codes and locks in `rows` count no more.

    Return how many guesses did count; locks are not in the number.
    """
    kinds = (Kind.WRONG_PASSWORD, Kind.WRONG_OLD_PASSWORD, Kind.WRONG_CODE)
    counting = SignInEvent.objects.filter(rows, counts=True)
    counting.filter(kind=Kind.LOCKED).update(counts=False)
    return counting.filter(kind__in=kinds).update(counts=False)


def event_of(user: User, visitor: Visitor, at: datetime) -> SignInEvent:
    """Return an unsaved row about a known user, without its kind."""
    return SignInEvent(
        at=at, user=user, name_key=name_key(user.get_username()),
        address=visitor.address, network=visitor.network, browser=visitor.browser,
    )  # fmt: skip


def find_user(name: str) -> User | None:
    """Return the user with this name, exactly or ignoring case; None if there is none.

    Also None for a name with NUL or of more than 150 characters.
    """
    if "\0" in name or len(name) > LONGEST_NAME:  # databases refuse these
        return None
    wanted = Q(username=name) | Q(username__iexact=_normalized(name))
    return User.objects.filter(wanted).first()


def _normalized(name: str) -> str:
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
