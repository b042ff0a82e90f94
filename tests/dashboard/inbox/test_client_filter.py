import pytest
from pytest_django.asserts import assertContains, assertNotContains

from tests.dashboard.inbox.test_inbox import names
from tests.dashboard.pages import queries_of
from tests.factories import make_campaign, make_lead

MENU = 'name="client"'


@pytest.fixture(autouse=True)
def _signed_in(manager) -> None:
    """A sales manager looks."""


@pytest.mark.parametrize("status", ["important", "snoozed", "archived"])
def test_finds_what_smartlead_has_marked(client, status):
    make_lead("Marked Lead", **{f"is_{status}": True})
    make_lead("Other Lead")

    response = client.get(f"/inbox/?status={status}")

    assert names(response) == ["Marked Lead"]
    assert [chip.words for chip in response.context["chips"]] == [status.capitalize()]
    assert response.context["total"] == "1"


class TestClient:
    def test_is_the_leads_own_or_else_that_of_its_campaign(self, client):
        campaign = make_campaign(client_id=7)
        make_lead("Own Client", client_id=7)
        make_lead("By Campaign", campaign=campaign)
        make_lead("Own Wins", campaign=campaign, client_id=8)
        make_lead("No Client", campaign=make_campaign())

        found = {pk: set(names(client.get(f"/inbox/?client={pk}"))) for pk in (7, 8, 9)}

        assert found == {7: {"Own Client", "By Campaign"}, 8: {"Own Wins"}, 9: set()}

    def test_stands_among_the_filters_in_force_and_in_saved_views(self, client):
        make_lead("Own Client", client_id=7)

        response = client.get("/inbox/?client=7&status=open")
        saved = client.post(
            "/inbox/views/", {"name": "Seven", "query": "status=open&client=7"}
        )

        assert [(chip.words, chip.without) for chip in response.context["chips"]] == [
            ("Client 7", "status=open"),
            ("Open", "client=7"),
        ]
        assert saved["Location"] == "/inbox/?client=7&status=open"

    def test_an_empty_list_offers_to_drop_it(self, client):
        make_lead(client_id=7)

        response = client.get("/inbox/?client=9&status=open")

        assertContains(response, "Without “Client 9” you see 1.")

    @pytest.mark.parametrize("said", ["x", "-1", "0", "9" * 30, "1.5"])
    def test_what_is_no_number_is_said(self, client, said):
        response = client.get(f"/inbox/?client={said}")

        assertContains(response, "is not a number", status_code=400)


class TestMenu:
    def test_is_drawn_only_where_there_are_two_clients(self, client):
        make_lead(campaign=make_campaign(client_id=7))
        one = client.get("/inbox/")
        make_lead(client_id=8)

        assertNotContains(one, MENU)
        assertContains(client.get("/inbox/"), '<option value="8">Client 8</option>')

    def test_shows_the_client_in_force_though_there_is_no_other(self, client):
        response = client.get("/inbox/?client=7")

        assertContains(response, '<option value="7" selected>Client 7</option>')

    def test_has_each_client_of_a_campaign_or_a_lead_once(self, client):
        for pk in (3, 5, 9):
            make_lead(campaign=make_campaign(client_id=pk), client_id=pk)
        for pk in (1, 4, 9, 12, 12):
            make_lead(client_id=pk)

        menu = client.get("/inbox/").context["filter"]["client"]

        shown = [value for value, _ in menu.field.widget.choices]
        assert shown == ["", "1", "3", "4", "5", "9", "12"]

    def test_costs_the_same_whatever_the_number_of_clients(self, client):
        for pk in (1, 2):
            make_lead(client_id=pk)
        client.get("/inbox/?client=2")
        two = queries_of(lambda: client.get("/inbox/?client=2"))
        for pk in range(3, 40):
            make_lead(client_id=pk, campaign=make_campaign(client_id=pk * 2))

        assert queries_of(lambda: client.get("/inbox/?client=2")) == two
