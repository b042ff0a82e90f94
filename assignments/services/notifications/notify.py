"""Notifications of single people: written here, read in the app or mailed."""

import unicodedata
from datetime import datetime

from django.db import transaction

from assignments import smtp
from assignments.models import Member, Notification, User
from assignments.models.notification import NotificationKind, NotificationQuerySet
from assignments.services.notifications.preferences import preference_for_kind
from assignments.task_queue import nudge_mails


def notify(
    user: User | Member,
    *,
    kind: NotificationKind,
    key: str,
    subject: str,
    text: str,
    path: str,
    at: datetime,
) -> Notification | None:
    """Notify a person once per `key`; return the new notification, else None.

    None if they have one of this key, or are a member without a login and have no
    address or mail is off. A member's login is told instead of them. `subject` is made
    one line of at most 200 characters. Nudges the mails if it waits.
    """
    reader = user.user or user if isinstance(user, Member) else user
    if isinstance(reader, Member) and not (smtp.is_on() and reader.email):
        return None
    defaults = {
        "kind": kind,
        "path": path,
        "created_at": at,
        "text": _without_controls(text),
    }
    notification, is_new = Notification.objects.get_or_create(
        **{"user" if isinstance(reader, User) else "member": reader},
        key=key,
        defaults=defaults
        | {"subject": one_line(subject)[:200], **_channels(reader, kind)},
    )
    if is_new and notification.mail_waits:
        nudge_mails()
    return notification if is_new else None


def _channels(reader: User | Member, kind: NotificationKind) -> dict[str, bool]:
    in_app = isinstance(reader, User) and preference_for_kind(reader, kind).in_app
    return {"in_app": in_app, "mail_waits": smtp.is_on()}


def notifications_of(user: User) -> NotificationQuerySet:
    """Return the user's notifications shown in the app, read ones too."""
    return Notification.objects.filter(user=user).shown()


def mark_read(*, user: User, pk: int, at: datetime) -> Notification | None:
    """Mark one notification of this user as read, unless it is, and return it.

    None if they have none of this id.
    """
    Notification.objects.filter(user=user, pk=pk, read_at=None).update(read_at=at)
    return Notification.objects.filter(user=user, pk=pk).first()


@transaction.atomic
def mark_all_read(*, user: User, up_to: int, at: datetime) -> int:
    """Mark the user's unread notifications shown in the app, up to this id, as read.

    Return how many those were.
    """
    return notifications_of(user).unread().filter(pk__lte=up_to).update(read_at=at)


def one_line(text: str) -> str:
    """Return `text` without control characters and with single blanks only.

    Any white space counts as a blank; there is none at the ends.
    """
    return " ".join(_without_controls(text).split())


def _without_controls(text: str) -> str:
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) != "Cc"
    )
