"""What is wrong with a set of rules is pointed out."""

from datetime import timedelta

import pytest

from assignments.services.routing.lint import lint_context, lint_rules
from assignments.services.routing.load import load_rules
from tests.factories import (
    MONDAY,
    make_absence,
    make_campaign,
    make_category,
    make_lead,
    make_rule,
    make_table,
)

pytestmark = pytest.mark.django_db


def flaws(rule) -> list[str]:
    rules = load_rules()
    return lint_rules(rules, lint_context(MONDAY, rules)).get(rule.pk, [])


def test_a_sound_rule_has_no_warnings(ana):
    campaign, category = make_campaign(client_id=7), make_category()
    rule = make_rule(ana, campaign=[campaign], category=[category], client=["7"])

    assert flaws(rule) == []


def test_unreachable_behind_a_wider_one(ana, ben):
    make_rule(ana, name="Germany", top_level_domain=["de", "at"])
    rule = make_rule(ben, email_domain=["shop.de"])

    assert "never reached: “Germany”" in flaws(rule)[0]


def test_not_behind_one_that_is_off_or_that_a_table_narrows(ana, ben):
    make_rule(ana, mode="off")
    make_rule(strategy="territory", table=make_table({"de": ana}))
    make_rule(ana, since=MONDAY)
    rule = make_rule(ben)

    assert flaws(rule) == []


def test_closed_leads_still_reach_a_rule_that_asks_for_them(ana, ben):
    make_rule(ana)
    rule = make_rule(ben, category=[make_category("Do not call", is_closing=True)])

    assert flaws(rule) == []


def test_conditions_that_exclude_each_other(ana):
    campaign = make_campaign(client_id=7)
    make_campaign(client_id=8)
    domains = make_rule(ana, email_domain=["shop.de"], top_level_domain=["fr"])
    clients = make_rule(ana, campaign=[campaign], client=["8"])

    assert flaws(domains)[0].startswith("It matches nothing")
    assert flaws(clients)[0].startswith("It matches nothing")


def test_values_that_are_no_longer_there(ana):
    make_lead(custom_fields={"Size": "9"})
    rule = make_rule(
        ana, campaign=["77"], category=["78"], client=["79"],
        custom={"industry": ["food"], "size": ["9"]},
    )  # fmt: skip

    assert flaws(rule) == [
        "There is no campaign 77 (any more).",
        "There is no category 78 (any more).",
        "There is no client 79 (any more).",
        "None of the newest leads has a field “industry”.",
    ]


def test_a_pool_in_which_nobody_is_active(ana, ben):
    ana.is_active = False
    ana.save()

    assert flaws(make_rule(ana, top_level_domain=["de"])) == [
        "Nobody in its pool is active: its leads stay where they are."
    ]
    assert flaws(make_rule(ana, ben)) == ["Deactivated, and passed over: Ana."]


def test_a_pool_that_is_all_away(ana):
    make_absence(ana)

    assert flaws(make_rule(ana)) == [
        "Everybody in its pool is away until Fri 15 May, 09:00: its leads wait."
    ]


def test_members_away_soon_whose_leads_another_rule_would_take(ana, ben):
    make_absence(ana, at=MONDAY + timedelta(days=2))
    giver = make_rule(ana, top_level_domain=["de"])
    taker = make_rule(ben, name="Of those away", whose="away")

    assert flaws(giver) == [
        "Ana is away from Wed 13 May, 08:00 to Sun 17 May, 09:00: what it gives them "
        "until then and their coverage does not take is given on by “Of those away”, "
        "and does not come back."
    ]
    assert flaws(taker) == []


def test_a_rule_that_takes_from_its_own_pool(ana, ben):
    make_absence(ana, at=MONDAY + timedelta(days=2))

    assert "by this rule itself" in flaws(make_rule(ana, ben, whose="either"))[0]


def test_an_empty_table():
    rule = make_rule(strategy="territory", table=make_table({}, name="Lands"))

    assert flaws(rule) == ["The table “Lands” has no line yet."]
