"""A deactivated member is suggested nowhere, from that moment."""

import pytest

from assignments.services.routing.choose import choose_member, routing_context
from assignments.services.routing.data import RoutedLead
from assignments.services.routing.load import load_rules
from tests.factories import (
    MONDAY,
    make_lead,
    make_member,
    make_plan,
    make_rule,
    make_suggestion,
    make_table,
)


def deactivate(member):
    member.is_active = False
    member.save()


@pytest.fixture
def addresses(manager, ana):
    lead, table = make_lead(owner=ana), make_table({})
    return {
        "picker": f"/leads/{lead.pk}/assign/",
        "selection": f"/assign/?lead={lead.pk}&strategy=least_busy",
        "coverage": f"/coverage/new/?member={ana.pk}",
        "rule": "/routing/new/?strategy=round_robin",
        "levelling": "/team/rebalance/",
        "table": f"/settings/mappings/{table.pk}/",
        "palette": "/palette/?q=okafor",
        "leaving": f"/team/{ana.pk}/leaving/",
    }


@pytest.mark.parametrize(
    "page",
    [
        "picker", "selection", "coverage", "rule", "levelling", "table", "palette",
        "leaving",
    ],
)  # fmt: skip
def test_no_page_offers_them(client, addresses, ben, page):
    assert "Ben Okafor" in client.get(addresses[page]).text

    deactivate(ben)

    assert "Ben Okafor" not in client.get(addresses[page]).text


@pytest.mark.parametrize("page", ["/inbox/", "/today/", "/review/", "lead"])
def test_an_open_suggestion_of_them_is_offered_no_more(client, manager, ana, ben, page):
    lead = make_lead(owner=ana)
    make_suggestion(lead, ben)
    address = f"/leads/{lead.pk}/" if page == "lead" else page
    assert "/accept/" in client.get("/inbox/").text

    deactivate(ben)

    assert "/accept/" not in client.get(address).text


@pytest.mark.parametrize("strategy", ["round_robin", "least_busy"])
def test_no_strategy_names_them(manager, ana, ben, strategy):
    leads = [make_lead() for _ in range(2)]
    deactivate(ben)

    plan = make_plan(leads, ana, ben, strategy=strategy, actor=manager)

    assert {entry.to_id for entry in plan.entries(0)} == {ana.pk}


@pytest.mark.parametrize("strategy", ["round_robin", "least_busy", "territory"])
def test_no_rule_chooses_them(ana, ben, strategy):
    table = make_table({"de": ben}) if strategy == "territory" else None
    make_rule(ben, ana, strategy=strategy, table=table)
    deactivate(ben)
    lead = RoutedLead(map_id=1, came_at=MONDAY, email="lena@example.de")

    (rule,) = load_rules()
    choice = choose_member(rule, lead, routing_context(MONDAY))

    assert choice.member_id == ana.pk


def test_members_of_other_names_stay(client, addresses, ben):
    make_member("Cem Kaya")
    deactivate(ben)

    assert "Cem Kaya" in client.get(addresses["picker"]).text
