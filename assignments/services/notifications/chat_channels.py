"""Chat channels of people and teams: added, tried, changed and removed.

An address goes in and never comes out: pages get the service, the host and the ending.
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail.message import make_msgid
from django.db import transaction

from assignments.chat.addresses import NoChatAddress, read_address
from assignments.chat.encryption import encrypt
from assignments.models import ChatChannel, Mail, Notification, Team, User
from assignments.models.chat_channel import ChatChannelQuerySet
from assignments.models.notification import NotificationKind
from assignments.services.access import is_manager
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.task_queue import nudge_chats

MOST = 10  # channels of one owner
LONG_ENOUGH = 16  # characters of a secret of which four may be shown
# What a team may be told; the rest concerns one person.
TEAM_KINDS = (
    NotificationKind.ATTENTION,
    NotificationKind.OVERDUE,
    NotificationKind.PROPOSED,
    NotificationKind.COVERING,
)
TEST_TEXT = "Handoff writes to this channel. Somebody asked for this test message."
_NO_CHANNEL = "Only who has this channel can do that."


def channels_of(user: User) -> ChatChannelQuerySet:
    return ChatChannel.objects.filter(user=user).order_by("pk")


def team_channels(team: Team) -> ChatChannelQuerySet:
    return ChatChannel.objects.filter(team=team).order_by("pk")


def may_manage_team_channels(user: User, team: Team) -> bool:
    """Return whether they lead the team or are a sales manager."""
    return is_manager(user) or user.leads_teams.filter(pk=team.pk).exists()


def may_be_private(adder: User) -> bool:
    """Return whether the channels that somebody added may be at private addresses: with
    the setting OUTGOING_PRIVATE, those of a sales manager.
    """
    return settings.OUTGOING_PRIVATE and is_manager(adder)


def add_own_channel(
    *, actor: User, address: str, name: str, at: datetime
) -> ChatChannel:
    """Store a channel of the actor and send a test message there.

    Raises AssignmentRefused if it is no address, or they have too many.
    """
    return _add(actor, address=address, name=name, at=at, user=actor)


def add_team_channel(
    *,
    actor: User,
    team: Team,
    address: str,
    name: str,
    kinds: Collection[str],
    when: str,
    at: datetime,
) -> ChatChannel:
    """Store a channel of a team and send a test message there.

    Raises NotAllowed unless the actor leads the team or is a sales manager, and
    AssignmentRefused as `add_own_channel` does.
    """
    _require_team(actor, team)
    return _add(
        actor,
        address=address,
        name=name,
        at=at,
        team=team,
        kinds=_team_kinds(kinds),
        when=when,
    )


def _add(
    actor: User, *, address: str, name: str, at: datetime, **owner: Any
) -> ChatChannel:
    try:
        # It may look a host up: no transaction is open.
        read = read_address(address, may_be_private=may_be_private(actor))
    except NoChatAddress as problem:
        raise AssignmentRefused(str(problem)) from None
    of_owner = {key: owner[key] for key in ("user", "team") if key in owner}
    if ChatChannel.objects.filter(**of_owner).count() >= MOST:
        raise AssignmentRefused(f"There are {MOST} channels already. Remove one first.")
    with transaction.atomic():
        channel = ChatChannel.objects.create(
            name=name[:80],
            service=read.service.code,
            host=read.host,
            secret=encrypt(read.address),
            ending=_ending(read.address),
            created_at=at,
            created_by=actor,
            **owner,
        )
        _queue_test(channel, actor, at)
    return channel


def _ending(address: str) -> str:
    """Return the last characters of the address; "" if these are much of its secret."""
    secret = re.split("[/=]", address.rstrip("/"))[-1]
    return secret[-4:] if len(secret) >= LONG_ENOUGH else ""


@transaction.atomic
def change_team_channel(
    *, actor: User, channel: ChatChannel, kinds: Collection[str], when: str
) -> None:
    """Store which kinds a team's channel gets, and when; raises NotAllowed."""
    if channel.team is None:
        raise NotAllowed(_NO_CHANNEL)
    _require_team(actor, channel.team)
    ChatChannel.objects.filter(pk=channel.pk).update(
        kinds=_team_kinds(kinds), when=when
    )


@transaction.atomic
def test_channel(*, actor: User, channel: ChatChannel, at: datetime) -> None:
    """Have a test message sent, to a broken channel too; raises NotAllowed.

    One that waits already is sent at once instead.
    """
    require_owner(actor, channel)
    _queue_test(channel, actor, at)


@transaction.atomic
def remove_channel(*, actor: User, channel: ChatChannel) -> None:
    """Delete a channel with all that waits for it; raises NotAllowed."""
    require_owner(actor, channel)
    channel.delete()


@transaction.atomic
def delete_channels(user: User) -> int:
    """Delete the channels of somebody whose access ends, and return how many: those of
    teams too whose address they typed, as that may lead to a place of their own.

    What still waits to go there is not sent.
    """
    Notification.objects.to_chat().filter(user=user).update(chat_waits=False)
    channels = list(ChatChannel.objects.filter(created_by=user).order_by("pk"))
    for channel in channels:
        channel.delete()
    return len(channels)


def require_owner(actor: User, channel: ChatChannel) -> None:
    """Raise NotAllowed unless the channel is the actor's own, or of a team whose
    channels they may manage.
    """
    if channel.team is not None:
        _require_team(actor, channel.team)
    elif channel.user_id != actor.pk:
        raise NotAllowed(_NO_CHANNEL)


def _require_team(actor: User, team: Team) -> None:
    if not may_manage_team_channels(actor, team):
        raise NotAllowed(
            f"Only who leads {team}, or a sales manager, can change its channels."
        )


def _team_kinds(kinds: Collection[str]) -> list[str]:
    return [kind.value for kind in TEAM_KINDS if kind.value in kinds]


def _page(channel: ChatChannel) -> str:
    if channel.team_id:
        return f"/settings/teams/{channel.team_id}/channels/"
    return "/notifications/settings/"


def _queue_test(channel: ChatChannel, actor: User, at: datetime) -> None:
    waiting = Mail.objects.pending().filter(channel=channel, is_test=True)
    if not waiting.update(not_before=None):
        Mail.objects.create(
            message_id=make_msgid(domain="handoff"),
            user=actor,
            channel=channel,
            subject="Test message",
            text=f"{TEST_TEXT}\n{urljoin(settings.SITE_URL, _page(channel))}",
            is_test=True,
            created_at=at,
        )
    nudge_chats()
