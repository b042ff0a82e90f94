"""Sessions that the OpenID provider began: when to ask it again, and their end.

A session lives on while the provider answers that the person may sign in; without an
answer for OIDC_GRACE minutes. One request asks; those at the same moment go on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from importlib import import_module
from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from assignments.models import ProviderSession, SeenLogoutToken, SignInEvent, User
from assignments.services.people.sign_ins import Visitor, name_key

RETRY = timedelta(minutes=1)  # after no answer, and while another request asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprieve:
    """The provider did not answer: the session lives on until `ends_at`."""

    ends_at: datetime
    is_new: bool  # the first time since it last answered

    def is_over(self, at: datetime) -> bool:
        return at >= self.ends_at


def begin(
    *, account: SocialAccount, session_key: str, sid: str, tokens: str, at: datetime
) -> ProviderSession:
    """Save that the provider began this session just now; return the row.

    `tokens` are stored as they are: seal them.
    """
    session, _ = ProviderSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": account.user, "issuer": account.provider, "sub": account.uid,
            "sid": sid[:255], "sealed_tokens": tokens, "began_at": at,
            "checked_at": at, "next_check_at": at + _interval(),
            "unreachable_since": None,
        },
    )  # fmt: skip
    return session


def session_with(key: str) -> ProviderSession | None:
    """Return the row of a session; None if it has been ended."""
    rows = ProviderSession.objects.filter(session_key=key, issuer=settings.OIDC_ISSUER)
    return rows.first()


def claim_check(session: ProviderSession, *, at: datetime) -> bool:
    """Return True if the caller must ask the provider now; others need not, meanwhile."""
    if at < session.next_check_at:
        return False
    mine = ProviderSession.objects.filter(
        pk=session.pk, next_check_at=session.next_check_at
    )
    return mine.update(next_check_at=at + RETRY) == 1


def confirm(session: ProviderSession, *, tokens: str, at: datetime) -> None:
    """Save that the provider lets the person in, with the tokens for the next time."""
    ProviderSession.objects.filter(pk=session.pk).update(
        sealed_tokens=tokens,
        checked_at=at,
        next_check_at=at + _interval(),
        unreachable_since=None,
    )


def postpone(session: ProviderSession, *, at: datetime) -> Reprieve:
    """Save that the provider did not answer; return until when the session lives on."""
    rows = ProviderSession.objects.filter(pk=session.pk, unreachable_since=None)
    is_new = rows.update(unreachable_since=at) == 1
    return Reprieve(ends_at=session.checked_at + _grace(), is_new=is_new)


def end(session: ProviderSession, *, visitor: Visitor, why: str, at: datetime) -> None:
    """Log that the provider ended a session, and forget its row and tokens."""
    _log_end(session, visitor=visitor, why=why, at=at)
    session.delete()


def follow_key(*, old: str, new: str) -> None:
    """Keep the row of a session, if there is one, that goes on under another key."""
    ProviderSession.objects.filter(session_key=old).update(session_key=new)


def forget(session_key: str) -> None:
    """Forget row and tokens of a session that its person has ended."""
    ProviderSession.objects.filter(session_key=session_key).delete()


def is_linked(user: User) -> bool:
    """Return whether the provider of the settings signs in to this login."""
    accounts = SocialAccount.objects.filter(user=user, provider=settings.OIDC_ISSUER)
    return bool(settings.OIDC_ISSUER) and bool(accounts.exists())


def unconfirmed_since(user: User) -> datetime | None:
    """Return when the provider ended the last session of a login that has not signed in
    since; None for others. They may have left, or only been away for long.
    """
    kinds = (SignInEvent.Kind.SIGNED_IN, SignInEvent.Kind.PROVIDER_ENDED)
    events = SignInEvent.objects.filter(user=user, kind__in=kinds)
    last = events.order_by("-at", "-pk").first()
    if last is None or last.kind != SignInEvent.Kind.PROVIDER_ENDED:
        return None
    goes_on = ProviderSession.objects.filter(user=user).exists()
    return None if goes_on else last.at


@transaction.atomic
def end_by_provider(
    *, issuer: str, claims: dict[str, Any], visitor: Visitor, at: datetime
) -> int | None:
    """End the sessions that a verified logout token names; return how many.

    None, and nothing is done, if the token was used before.
    """
    digest = sha256(f"{issuer} {claims['jti']}".encode()).hexdigest()
    try:
        with transaction.atomic():
            SeenLogoutToken.objects.create(
                digest=digest, expires_at=at + timedelta(days=1)
            )
    except IntegrityError:
        return None
    sessions = list(_named(claims).filter(issuer=issuer).select_related("user"))
    for session in sessions:
        _delete_session(session.session_key)
        end(session, visitor=visitor, why="It asked for the sign-out.", at=at)
    return len(sessions)


def _named(claims: dict[str, Any]) -> QuerySet[ProviderSession]:
    """Return the sessions of the token's `sid`, if it has one, else all of its `sub`."""
    rows = Q()
    for name in ("sid", "sub"):
        if claims.get(name):
            rows &= Q(**{name: claims[name]})
    return (
        ProviderSession.objects.filter(rows)
        if rows
        else (ProviderSession.objects.none())
    )


def _delete_session(key: str) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    store().delete(key)
    UserSession.objects.filter(session_key=key).delete()


def _log_end(
    session: ProviderSession, *, visitor: Visitor, why: str, at: datetime
) -> None:
    SignInEvent.objects.create(
        at=at, kind=SignInEvent.Kind.PROVIDER_ENDED, user=session.user,
        name_key=name_key(session.user.get_username()), address=visitor.address,
        network=visitor.network, browser=visitor.browser, detail=why[:300],
    )  # fmt: skip


def _interval() -> timedelta:
    return timedelta(minutes=settings.OIDC_RECHECK)


def _grace() -> timedelta:
    return timedelta(minutes=settings.OIDC_RECHECK + settings.OIDC_GRACE)
