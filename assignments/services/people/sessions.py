"""Sessions of people: where they are signed in, and the end of it."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from assignments.models import ProviderSession, SignInEvent, User
from assignments.services.access import require_manager
from assignments.services.people import sign_ins
from assignments.services.people.sign_ins import Visitor

Kind = SignInEvent.Kind
AT_ONCE = 1_000  # sessions that are read together


def end_all(user: User, *, but: str | None = None) -> int:
    """Delete the sessions of a user, except the one with the key `but`; return how many.

    All rows are read: a session from before an update is in no other list. What is kept
    of the provider for those sessions, its tokens too, is deleted with them.
    """
    number = str(user.pk)
    alive = Session.objects.filter(expire_date__gt=timezone.now())
    others = alive.exclude(session_key=but or "").values_list("pk", "session_data")
    store = SessionStore()
    keys = [
        key
        for key, data in others.iterator(chunk_size=AT_ONCE)
        if store.decode(data).get(SESSION_KEY) == number
    ]
    Session.objects.filter(session_key__in=keys).delete()
    for listed in (UserSession, ProviderSession):
        listed.objects.filter(user=user).exclude(session_key=but or "").delete()
    return len(keys)


@transaction.atomic
def end_others(*, user: User, but: str, visitor: Visitor, at: datetime) -> int:
    """End one's own sessions except the one with the key `but`, and log it."""
    count = end_all(user, but=but)
    sign_ins.record(Kind.SESSIONS_ENDED, user=user, at=at, visitor=visitor)
    return count


@transaction.atomic
def end_by_manager(*, actor: User, user: User, at: datetime) -> int:
    """End all sessions of somebody else, and log it; return how many.

    Raises NotAllowed unless `actor` is a manager.
    """
    require_manager(actor, "end the sessions of others")
    count = end_all(user)
    sign_ins.record(Kind.SESSIONS_ENDED, user=user, at=at, by=actor)
    return count
