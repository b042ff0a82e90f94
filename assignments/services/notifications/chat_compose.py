"""Compose messages in chat of waiting notifications, as `compose` does mails.

They are composed by themselves, so that mail and chat never wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail.message import make_msgid
from django.db import transaction
from django.db.models import QuerySet

from assignments.chat.message_text import harmless, shortened
from assignments.chat.services import SERVICES
from assignments.models import ChatChannel, Mail, Notification, User
from assignments.models.notification import InChat, NotificationKind
from assignments.services.isolation import run_isolated
from assignments.services.notifications import chat_outbox
from assignments.services.notifications.compose import is_away, link_to, ready_now
from assignments.services.notifications.preferences import preferences_of

LONGEST_SUBJECT = 200
LONGEST_TEXT = 400  # characters below one subject
ROOM_FOR_THE_REST = 120  # characters: how many more there are, and where
ALL_PATH = "/notifications/"


def compose_due_chats(*, at: datetime) -> int:
    """Store a message for each channel of each reader who is to be told something now.

    Return how many readers those are. A reader for whom it raises is logged and counts
    0.
    """
    waiting = Notification.objects.to_chat().order_by()
    users = User.objects.filter(pk__in=waiting.values("user"))
    channels = ChatChannel.objects.filter(pk__in=waiting.values("channel"))
    steps = [
        *(partial(_compose_for_user, user, at) for user in users.order_by("pk")),
        *(partial(_compose_for_team, channel, at) for channel in channels),
    ]
    return sum(
        run_isolated(step, 0, "Nothing could be told in chat to %s", step.args[0])
        for step in steps
    )


def has_chat_to_send(*, at: datetime) -> bool:
    """Return whether a notification waits for chat, or a message is due."""
    waits = Notification.objects.to_chat().exists()
    return waits or chat_outbox.has_due_message(at=at)


@transaction.atomic
def _compose_for_user(user: User, at: datetime) -> int:
    """Store a message in each working channel of the user; return 1 if one is, else 0.

    First drop what they do not want in chat, or all if they are inactive or have no
    working channel. In quiet hours, and while they are away, the rest waits.
    """
    member = getattr(user, "member", None)
    wishes = preferences_of(user, zone=member.time_zone if member else "")
    waiting = _locked(Notification.objects.filter(user=user))
    channels = list(user.chat_channels.working().order_by("pk"))
    can_be_told = user.is_active and channels
    wish_of = {
        notification.pk: wishes.choices[NotificationKind(notification.kind)].in_chat
        for notification in waiting
    }
    wanted = [n for n in waiting if can_be_told and wish_of[n.pk] != InChat.NO]
    _finish([n for n in waiting if n not in wanted])
    if wishes.are_quiet(at) or (member and is_away(member, at)):
        return 0
    at_once = [n for n in wanted if wish_of[n.pk] == InChat.AT_ONCE]
    ready = ready_now(wanted, at_once, wishes.last_digest(at))
    return _store(ready, channels, at)


@transaction.atomic
def _compose_for_team(channel: ChatChannel, at: datetime) -> int:
    """Store a message for a team's channel; return 1 if one is, else 0.

    Quiet hours and the time of the digest are the usual ones, in the site's zone.
    """
    usual = preferences_of(None)
    waiting = _locked(Notification.objects.filter(channel=channel))
    is_working = channel.broken_at is None
    wanted = [n for n in waiting if is_working and n.kind in channel.kinds]
    _finish([n for n in waiting if n not in wanted])
    if usual.are_quiet(at):
        return 0
    at_once = wanted if channel.when == ChatChannel.When.AT_ONCE else []
    ready = ready_now(wanted, at_once, usual.last_digest(at))
    return _store(ready, [channel], at)


def _locked(rows: QuerySet[Notification]) -> list[Notification]:
    waiting = rows.filter(chat_waits=True).order_by().select_for_update(of=("self",))
    return sorted(waiting, key=lambda notification: notification.pk)


def _finish(rows: Sequence[Notification]) -> None:
    ids = [row.pk for row in rows]
    Notification.objects.filter(pk__in=ids).update(chat_waits=False)


def _store(
    ready: Sequence[Notification], channels: Sequence[ChatChannel], at: datetime
) -> int:
    if not ready:
        return 0
    for channel in channels:
        service = SERVICES.get(channel.service)
        text = message_text(ready, most=service.longest if service else 900)
        Mail.objects.create(
            message_id=make_msgid(domain="handoff"),
            user_id=channel.user_id,
            channel=channel,
            subject=ready[0].subject[:LONGEST_SUBJECT],
            text=text,
            created_at=at,
        )
    _finish(ready)
    return 1


def message_text(rows: Sequence[Notification], *, most: int) -> str:
    """Return one message of at most `most` characters about all these notifications.

    Each has its subject, its text and its link; what does not fit is counted at the
    end, with the link to all of them. Words from outside are made harmless.
    """
    count = len(rows)
    parts = [f"{count} messages from Handoff"] if count > 1 else []
    room = most - sum(map(len, parts)) - (ROOM_FOR_THE_REST if count > 1 else 0)
    for told, row in enumerate(rows):
        part = _part(row, room)
        if told and len(part) + 2 > room:
            rest = urljoin(settings.SITE_URL, ALL_PATH)
            parts.append(f"… and {count - told} more: {rest}")
            break
        parts.append(part)
        room -= len(part) + 2
    return "\n\n".join(parts)


def _part(row: Notification, room: int) -> str:
    subject = shortened(harmless(row.subject), LONGEST_SUBJECT)
    link = link_to(row)
    left = min(room - len(subject) - len(link) - 2, LONGEST_TEXT)
    text = shortened(harmless(row.text), left) if row.text and left > 0 else ""
    return "\n".join(line for line in (subject, text, link) if line)
