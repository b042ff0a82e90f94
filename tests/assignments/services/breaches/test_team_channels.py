"""The channels of a team read how many answers are overdue, and of which leads not."""

from datetime import timedelta

import pytest

from assignments.services.operations.tick import tick
from tests.factories import (
    MONDAY,
    make_lead,
    make_member,
    make_team,
    make_team_channel,
)


@pytest.mark.django_db
def test_a_teams_channel_reads_how_many():
    team = make_team()
    channel = make_team_channel(team, kinds=["overdue"])
    for name in ("Ben Okafor", "Tom Whelan"):
        owner = make_member(name, team=team, email="ben@example.com")
        due = MONDAY - timedelta(hours=1)
        make_lead("Lena Lead", owner=owner, answer_owed=True, answer_due_at=due)

    tick(at=MONDAY)

    message = channel.notifications.get()
    assert message.subject == f"2 answers of {team} are overdue"
    assert message.text == ""
