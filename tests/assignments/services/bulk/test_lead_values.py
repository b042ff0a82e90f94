"""Values suggested for tables and rules: what open leads really have."""

import pytest

from assignments.services.bulk import lead_values
from assignments.services.bulk.lead_values import (
    LeadValue,
    common_custom_fields,
    common_values,
    unknown_values,
)
from assignments.services.routing.data import LeadAttribute
from tests.factories import MONDAY, make_category, make_lead, make_table

pytestmark = pytest.mark.django_db
DOMAIN_ENDING = LeadAttribute(attribute="top_level_domain")
LOCATION = LeadAttribute(attribute="location")


def test_the_most_frequent_value_comes_first():
    for email in ("a@x.fr", "b@x.de", "c@y.de"):
        make_lead(email=email)

    assert common_values(DOMAIN_ENDING) == [LeadValue("de", 2), LeadValue("fr", 1)]


def test_each_part_of_a_place_counts_as_it_is_written():
    make_lead(location="Berlin, Germany")
    make_lead(location="Bonn,  GERMANY ")

    assert common_values(LOCATION)[0] == LeadValue("GERMANY", 2)


def test_closed_leads_suggest_nothing():
    make_lead(email="a@x.de", category=make_category(is_closing=True))

    assert common_values(DOMAIN_ENDING) == []


def test_a_value_as_long_as_a_sentence_is_no_suggestion():
    make_lead(location="x" * 61)

    assert common_values(LOCATION) == []


def test_a_table_is_offered_only_what_it_does_not_know(ana):
    make_lead(email="a@x.de")
    make_lead(email="a@x.fr")

    assert unknown_values(make_table({"de": ana})) == [LeadValue("fr", 1)]


def test_values_of_a_custom_field_are_shown_as_written():
    make_lead(custom_fields={"Industry": "Food"})
    source = LeadAttribute(attribute="custom", custom_field="industry")

    assert common_values(source) == [LeadValue("Food", 1)]


def test_custom_fields_that_differ_for_every_lead_are_left_out():
    for number in range(3):
        make_lead(custom_fields={"industry": "food", "id": number})

    assert common_custom_fields() == {"industry": [LeadValue("food", 3)]}


def test_values_that_are_no_text_are_left_out():
    make_lead(custom_fields={"tags": ["a"], "industry": None})
    make_lead(custom_fields={"tags": {"a": 1}, "industry": ""})

    assert common_custom_fields() == {}


def test_only_the_leads_that_replied_last_are_looked_at(monkeypatch):
    monkeypatch.setattr(lead_values, "MOST_LEADS", 1)
    make_lead(email="a@x.de", last_reply_at=MONDAY)
    make_lead(email="a@x.fr")

    assert common_values(DOMAIN_ENDING) == [LeadValue("de", 1)]
