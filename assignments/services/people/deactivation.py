"""The end of a login's access: each thing that lets somebody in, or reaches them, ends.

A part that gives people another way in, or another place where they are told things,
appends an `EndableAccess` to ENDED_WITH_LOGIN, in the `ready` of its app or beside the
function that ends it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q

from assignments.models import AccessChange, CalendarFeed, Mail, Notification, User
from assignments.services.notifications.chat_channels import delete_channels
from assignments.services.people import sessions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndableAccess:
    """A way in, or out to a person. `code` is kept for good; `one` and `many` are what
    is shown after a number.

    `end` ends all of this user's and returns how many there were.
    """

    code: str
    one: str
    many: str
    end: Callable[[User], int]


@transaction.atomic
def end_access(user: User, *, at: datetime, actor: User | None = None) -> AccessChange:
    """Deactivate a login and end all in ENDED_WITH_LOGIN; return the record of it.

    Called again, it ends what has come since. `actor` None: no person decided. Rights
    are the caller's to check.
    """
    user.is_active = False
    # No session, link or password of before opens the login, even once it is allowed.
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    counts = {access.code: access.end(user) for access in ENDED_WITH_LOGIN}
    ended = {code: count for code, count in counts.items() if count}
    change = AccessChange.objects.create(
        user=user, actor=actor, at=at, kind=AccessChange.Kind.ENDED, ended=ended
    )
    logger.info("Deactivated: %s by %s", user.get_username(), actor or "no person")
    return change


def record_allowed(user: User, *, actor: User, at: datetime) -> AccessChange:
    """Record that a deactivated login may sign in again. Nothing that ended comes back:
    they need a new invitation or password, unless the OpenID provider knows them.
    """
    return AccessChange.objects.create(
        user=user, actor=actor, at=at, kind=AccessChange.Kind.ALLOWED
    )


def ended_in_words(change: AccessChange) -> str:
    """Return what a change ended, like "2 sessions, 1 waiting mail"; "" for nothing."""
    return ", ".join(
        f"{count:,} {access.one if count == 1 else access.many}"
        for access in ENDED_WITH_LOGIN
        if (count := change.ended.get(access.code))
    )


def _revoke_calendars(user: User) -> int:
    """Delete the calendar addresses that the user made, and of the teams they lead."""
    feeds = CalendarFeed.objects.filter(Q(created_by=user) | Q(team__team_leads=user))
    ids = set(feeds.values_list("pk", flat=True))
    CalendarFeed.objects.filter(pk__in=ids).delete()
    return len(ids)


def _delete_waiting_mails(user: User) -> int:
    """Delete what has not been sent to them: news of leads, and links to a password."""
    waiting = Mail.objects.filter(user=user, state=Mail.State.WAITING)
    ids = list(waiting.select_for_update().values_list("pk", flat=True))
    told = Notification.objects.filter(user=user)
    told.filter(mail__in=ids).update(mail=None)
    told.filter(mail_waits=True).update(mail_waits=False)
    Mail.objects.filter(pk__in=ids).delete()
    return len(ids)


def _delete_second_factors(user: User) -> int:
    """Delete codes and passkeys: a passkey signs in without a password."""
    count, _ = Authenticator.objects.filter(user=user).delete()
    return int(count)


ENDED_WITH_LOGIN: list[EndableAccess] = [
    EndableAccess(
        code="sessions", one="session", many="sessions", end=sessions.end_all
    ),
    EndableAccess(
        code="calendars",
        one="calendar address",
        many="calendar addresses",
        end=_revoke_calendars,
    ),
    EndableAccess(
        code="channels",
        one="chat channel",
        many="chat channels",
        end=delete_channels,
    ),
    EndableAccess(
        code="mails",
        one="waiting mail",
        many="waiting mails",
        end=_delete_waiting_mails,
    ),
    EndableAccess(
        code="second_factors",
        one="second factor or passkey",
        many="second factors and passkeys",
        end=_delete_second_factors,
    ),
]
