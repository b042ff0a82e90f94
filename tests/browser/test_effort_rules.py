"""Steps that it costs to make a territory rule over a table that is there."""

import pytest
from playwright.sync_api import expect

from assignments.models import Member, RoutingRule
from tests.browser.effort import Effort
from tests.factories import make_lead, make_member, make_table


@pytest.fixture
def ana(db) -> Member:
    return make_member("Ana Sousa")


def test_a_territory_rule_over_an_existing_table(office, ana):
    make_table({"de": ana}, name="Countries")
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    effort = Effort(page)

    effort.click(page.get_by_role("link", name="Routing", exact=True))
    effort.click(page.get_by_role("link", name="New rule").first)
    effort.fill(page.get_by_label("Name"), "DACH")
    effort.choose(page.get_by_label("How"), "territory")
    effort.choose(page.get_by_label("Table"), "Countries")
    effort.click(page.get_by_role("button", name="Make the rule"))

    expect(page.get_by_text("The rule “DACH” is saved.")).to_be_visible()
    rule = RoutingRule.objects.get()
    assert (rule.strategy, str(rule.table)) == ("territory", "Countries")
    assert effort.steps <= 10


def test_a_table_made_on_the_way_comes_back_to_the_rule(office, ana):
    make_lead(email="x@shop.de")
    page = office.screen()
    page.goto(f"{office.url}/routing/new/")
    page.get_by_label("Name").fill("DACH")

    page.get_by_role("button", name="Make a table first…").click()
    page.get_by_label("Name").fill("Countries")
    page.get_by_label("Looked up by").select_option("top_level_domain")
    page.get_by_role("button", name="Make the table").click()
    page.get_by_role("link", name="de 1", exact=True).click()
    page.get_by_label("Member").select_option("Ana Sousa")
    page.get_by_role("button", name="Add the line").click()
    page.get_by_role("link", name="Go on with the rule, with this table").click()
    page.get_by_role("button", name="Make the rule").click()

    expect(page.get_by_text("The rule “DACH” is saved.")).to_be_visible()


def test_a_suggested_value_is_added_by_a_press(office):
    make_lead(email="x@shop.de", custom_fields={"industry": "food"})
    make_lead(email="y@shop.fr", custom_fields={"industry": "food"})
    page = office.screen()
    page.goto(f"{office.url}/routing/new/")

    page.get_by_role("button", name="de 1", exact=True).click()
    page.get_by_role("button", name="fr 1", exact=True).click()
    page.get_by_role("button", name="food 2").click()

    expect(page.get_by_label("Ending of the e-mail")).to_have_value("de, fr")
    expect(page.get_by_label("Custom fields")).to_have_value("industry = food")
