import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Account, Heartbeat, SyncSource
from assignments.services import account
from assignments.services.operations.onboarding import first_steps
from tests.dashboard.pages import htmx
from tests.factories import MONDAY, make_category, make_lead, make_user


def steps():
    return first_steps(at=timezone.now())


class TestFirstSteps:
    def test_nothing_is_ticked_in_an_empty_installation(self, client, manager):
        Heartbeat.objects.all().delete()

        page = client.get("/start/")

        assertContains(page, "0 of 4 are done.")
        assertContains(page, "manage.py serve")
        assertContains(page, "http://sandbox.test/api/v1")
        assertNotContains(page, "sandbox-key")

    def test_a_missing_key_is_said(self, client, manager, settings):
        settings.SMARTLEAD_API_KEY = ""

        assertContains(client.get("/start/"), "SMARTLEAD_API_KEY")

    def test_each_is_ticked_by_what_has_happened(self, client, manager, ana):
        account.bind(timezone.now())
        assert steps().is_connected
        make_lead(owner=ana)
        SyncSource.objects.create(name="inbox-replies", completed_at=MONDAY)
        assert steps().is_read
        client.post("/start/categories/")
        assert steps().is_sorted
        ana.user = make_user()
        ana.save()

        assert steps().is_complete
        assertContains(client.get("/start/"), "Handoff is ready for your team.")

    def test_an_outage_unticks_the_connection_and_says_why(self, client, manager):
        account.bind(timezone.now())
        Account.objects.update(outage_sentence="The key is refused.")

        assert not steps().is_connected
        assertContains(client.get("/start/"), "The key is refused.")

    def test_saving_the_categories_ticks_them(self, client, manager):
        make_category()

        client.post("/settings/categories/")

        assert steps().is_sorted

    def test_it_polls_itself_alone(self, client, manager):
        assertNotContains(client.get("/start/", headers=htmx("steps")), "<html")

    def test_put_away_it_leaves_the_rail(self, client, manager):
        assertContains(client.get("/team/"), 'href="/start/"')

        assertRedirects(client.post("/start/away/"), "/inbox/")

        assertNotContains(client.get("/team/"), 'href="/start/"')

    @pytest.mark.parametrize("path", ["", "categories/", "away/"])
    def test_is_for_sales_managers(self, client, stranger, path):
        ask = client.post if path else client.get

        assert ask(f"/start/{path}").status_code == 403
        assertNotContains(client.get("/team/"), 'href="/start/"')
