"""Notifications of single people and of teams: written here, read in the app, mailed or
sent to chat channels.
"""

import unicodedata
from datetime import datetime

from django.db import transaction

from assignments import smtp
from assignments.models import ChatChannel, Member, Notification, User
from assignments.models.notification import NotificationKind, NotificationQuerySet
from assignments.services.notifications.preferences import preference_for_kind
from assignments.task_queue import nudge_chats, nudge_mails


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
    one line of at most 200 characters. Nudges the mails, and the chats, if it waits.
    """
    reader = user.user or user if isinstance(user, Member) else user
    if isinstance(reader, Member) and not (smtp.is_on() and reader.email):
        return None
    text = _without_controls(text)
    defaults = {"kind": kind, "path": path, "created_at": at, "text": text}
    notification, is_new = Notification.objects.get_or_create(
        **{"user" if isinstance(reader, User) else "member": reader},
        key=key,
        defaults=defaults
        | {"subject": one_line(subject)[:200], **_channels(reader, kind)},
    )
    if not is_new:
        return None
    if notification.mail_waits:
        nudge_mails()
    if notification.chat_waits:
        nudge_chats()
    return notification


def _channels(reader: User | Member, kind: NotificationKind) -> dict[str, bool]:
    ways = {"in_app": False, "mail_waits": smtp.is_on(), "chat_waits": False}
    if isinstance(reader, User):
        ways["in_app"] = preference_for_kind(reader, kind).in_app
        ways["chat_waits"] = reader.chat_channels.working().exists()
    return ways


def notify_team(
    team_id: int | None,
    *,
    kind: NotificationKind,
    key: str,
    subject: str,
    path: str,
    at: datetime,
) -> int:
    """Tell a team in those of its chat channels that get this kind; return how many.

    None: nobody is told. Each channel is told once per `key`. The whole team reads it,
    whatever leads its members may see: `subject` names no lead.
    """
    count = 0
    if team_id is None:
        return count
    for channel in ChatChannel.objects.working().filter(team=team_id):
        if kind in channel.kinds:
            _, is_new = Notification.objects.get_or_create(
                channel=channel,
                key=key,
                defaults={
                    "kind": kind,
                    "subject": one_line(subject)[:200],
                    "path": path,
                    "created_at": at,
                    "in_app": False,
                    "chat_waits": True,
                },
            )
            count += is_new
    if count:
        nudge_chats()
    return count


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
