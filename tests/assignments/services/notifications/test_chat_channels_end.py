"""A team's channel ends with the login of whoever added it."""

import pytest

from assignments.models import ChatChannel, Mail
from assignments.models.notification import NotificationKind
from assignments.services.notifications import chat_outbox
from assignments.services.notifications.notify import notify_team
from assignments.services.people.deactivation import end_access
from tests.chat_messages import add_team_channel, send_due_chats
from tests.factories import (
    MONDAY,
    make_manager,
    make_team,
    make_team_channel,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_with_a_login_the_channels_that_they_gave_a_team_end(db):
    lead, boss = make_user("Lea Lead"), make_manager()
    team = make_team(leads=(lead,))
    theirs = make_team_channel(team, created_by=lead)
    kept = make_team_channel(team, created_by=boss)

    change = end_access(lead, at=MONDAY, actor=boss)

    assert not ChatChannel.objects.filter(pk=theirs.pk).exists()
    assert ChatChannel.objects.filter(pk=kept.pk).exists()
    assert change.ended == {"channels": 1}


def test_a_team_is_told_nothing_at_the_address_of_somebody_deactivated_since(
    chat,
):
    boss, team = make_manager(), make_team()
    add_team_channel(chat, boss, team, NotificationKind.ATTENTION)
    notify_team(
        team.pk,
        kind=NotificationKind.ATTENTION,
        key="1",
        subject="A coverage needs attention",
        path="/coverage/1/",
        at=MONDAY,
    )
    boss.is_active = False
    boss.save()

    send_due_chats()

    assert chat.received == []
    assert Mail.objects.get().outcome == chat_outbox.NO_ACCESS
