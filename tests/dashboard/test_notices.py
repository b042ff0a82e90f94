import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment
from assignments.models.assignment import State
from tests.dashboard.pages import queries_of
from tests.factories import MONDAY, make_assignment, make_lead, make_user

REFUSED = {"state": State.REFUSED, "finished_at": MONDAY, "outcome": "It is archived."}
OVERTAKEN = {"state": State.OVERTAKEN, "finished_at": MONDAY, "outcome": "Too late."}


@pytest.fixture
def refused(manager, ana, ben):
    lead = make_lead("Lena Lead", owner=ana)
    return make_assignment(lead, ben, actor=manager, **REFUSED)


class TestNotifications:
    def test_tells_what_did_not_happen_and_the_next_step(self, client, refused, ben):
        page = client.get("/notifications/")

        assertContains(page, "was not given to Ben Okafor")
        assertContains(page, "It is archived.")
        assertContains(page, f'action="/assignments/{refused.pk}/retry/"')
        assertContains(page, '<b id="news">1</b>')

    def test_leaves_out_what_is_answered_decided_anew_or_of_others(
        self, client, refused, manager, ana, ben
    ):
        make_assignment(refused.lead, ben, actor=manager)
        seen = make_lead(owner=ana)
        make_assignment(seen, ben, actor=manager, dismissed_at=MONDAY, **REFUSED)
        make_assignment(make_lead(), ben, actor=make_user(), **REFUSED)

        assertContains(client.get("/notifications/"), "Nothing to tell you.")

    def test_a_change_seen_in_smartlead_does_not_hide_it(self, client, refused, ana):
        done = {"state": State.DONE, "finished_at": MONDAY}
        make_assignment(refused.lead, ana, cause="outside", actor=None, **done)

        assertContains(client.get("/notifications/"), "It is archived.")

    def test_its_forms_lead_back_here(self, client, refused):
        data = {"next": "/notifications/"}

        response = client.post(f"/assignments/{refused.pk}/retry/", data, follow=True)

        assertRedirects(response, "/notifications/")
        assertContains(response, "Lena Lead is on its way to Ben Okafor.")
        assertContains(response, "Nothing to tell you.")

    def test_who_lost_the_lead_to_another_team_can_still_dismiss(
        self, client, stranger, ana, ben
    ):
        lead = make_lead(owner=ana)
        change = make_assignment(lead, ben, actor=stranger, found=ana, **OVERTAKEN)

        page = client.get("/notifications/")

        assertContains(page, "it belongs to another team")
        assertNotContains(page, "Send anyway")
        client.post(f"/assignments/{change.pk}/dismiss/")
        assert Assignment.objects.get().dismissed_at

    def test_all_are_dismissed_at_once_and_only_mine(self, client, refused, ben):
        other = make_assignment(make_lead(), ben, actor=make_user(), **REFUSED)

        response = client.post("/notifications/dismiss/", follow=True)

        assertContains(response, "1 dismissed. The history keeps them.")
        other.refresh_from_db()
        assert other.dismissed_at is None

    def test_costs_the_same_however_many_there_are(self, client, refused, manager, ben):
        client.get("/notifications/")
        one = queries_of(lambda: client.get("/notifications/"))
        for _ in range(30):
            make_assignment(make_lead(owner=ben), ben, actor=manager, **REFUSED)

        assert queries_of(lambda: client.get("/notifications/")) == one
