"""Secrets of chat channels: the address stays out of the log and of the table."""

import logging
from datetime import timedelta

import pytest

from assignments.models import ChatChannel
from assignments.models.notification import NotificationKind
from assignments.services.notifications.notify import notify
from tests.chat_messages import add_channel, send_due_chats
from tests.chat_server import TOKEN
from tests.factories import MONDAY, make_manager

pytestmark = pytest.mark.django_db


def test_no_log_has_the_address_or_what_was_told(chat, caplog):
    caplog.set_level(logging.DEBUG)
    uma = make_manager()
    add_channel(chat, uma)
    for number, status in enumerate([200, 400, 500, 404]):
        chat.status = status
        notify(
            uma, kind=NotificationKind.ASSIGNED, key=f"{number}", path="/inbox/",
            subject="Planted Name gave you a lead", text="", at=MONDAY,
        )  # fmt: skip
        send_due_chats(MONDAY + timedelta(hours=number))

    assert len(chat.received) >= 4
    assert TOKEN not in caplog.text
    assert "Planted" not in caplog.text


def test_the_table_keeps_it_encrypted(chat):
    channel = add_channel(chat, make_manager())

    row = ChatChannel.objects.values().get(pk=channel.pk)

    assert TOKEN not in str(row)
    assert TOKEN[-4:] == channel.ending
