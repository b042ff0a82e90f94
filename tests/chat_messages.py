"""Messages in chat composed and sent as the worker does it, to a real server."""

from datetime import datetime, timedelta

from assignments.chat.delivery import send_chat
from assignments.models import ChatChannel, Mail, Team, User
from assignments.services.notifications import (
    chat_channels,
    chat_compose,
    chat_outbox,
)
from tests.chat_server import ChatServer
from tests.factories import MONDAY

MINUTE = timedelta(minutes=1)


def add_channel(
    chat: ChatServer, user: User, *, token: str = "", name: str = ""
) -> ChatChannel:
    """Add a channel of a person; its test message is not sent."""
    channel = chat_channels.add_own_channel(
        actor=user,
        address=chat.address_of(token) if token else chat.address,
        name=name,
        at=MONDAY,
    )
    Mail.objects.filter(channel=channel).delete()
    return channel


def add_team_channel(
    chat: ChatServer, actor: User, team: Team, *kinds: str, when: str = "at_once"
) -> ChatChannel:
    channel = chat_channels.add_team_channel(
        actor=actor,
        team=team,
        address=chat.address,
        name="",
        kinds=kinds,
        when=when,
        at=MONDAY,
    )
    Mail.objects.filter(channel=channel).delete()
    return channel


def send_due_chats(at: datetime = MONDAY) -> int:
    """Compose and send what is due; return how many messages were handled."""
    chat_compose.compose_due_chats(at=at)
    return chat_outbox.deliver_due_chats(
        send=send_chat, until=at + MINUTE, clock=lambda: at
    )
