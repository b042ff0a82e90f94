"""Today, as each role sees it."""

import pytest
import time_machine
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Heartbeat
from tests.dashboard.today.test_today import (
    HOUR,
    TUESDAY,
    names,
    owing,
    section,
    today,
)
from tests.factories import (
    make_lead,
    make_team,
    make_user,
)


@pytest.fixture(autouse=True)
def _now():
    """Tuesday, 09:00."""
    with time_machine.travel(TUESDAY, tick=False):
        Heartbeat.objects.update(beat_at=TUESDAY)
        yield


class TestRoles:
    @pytest.fixture
    def theirs(self, ana, ben) -> None:
        """A lead of Ana's team, one of another team, and one of nobody; all are late."""
        ana.team, ben.team = make_team(), make_team("US")
        ana.user = make_user("Ana Sousa")
        ana.save(), ben.save()
        owing("Of Ana", TUESDAY - HOUR, owner=ana)
        owing("Of Ben", TUESDAY - HOUR, owner=ben)
        owing("Of nobody", TUESDAY - HOUR)

    def late(self, client, user) -> set[str]:
        client.force_login(user)
        return set(names(section(today(client), "late")))

    def test_a_team_lead_sees_what_she_may_move(self, client, theirs, ana):
        lead = make_user("Tea Lead")
        ana.team.team_leads.add(lead)

        assert self.late(client, lead) == {"Of Ana", "Of nobody"}

    def test_a_sales_manager_sees_everything(self, client, theirs, manager):
        assert self.late(client, manager) == {"Of Ana", "Of Ben", "Of nobody"}

    def test_a_member_sees_her_own_and_nothing_to_decide(self, client, theirs, ana):
        assert self.late(client, ana.user) == {"Of Ana"}
        assertNotContains(today(client), "Assign 1…")

    def test_a_login_without_a_member_is_told_so(self, client, stranger):
        make_lead()

        assertContains(today(client), "No Smartlead member is linked to your login yet")
