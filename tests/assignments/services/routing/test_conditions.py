"""Each kind of condition, on a lead as the mirror has it."""

import pytest

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause
from assignments.services.operations.tick import tick
from tests.factories import (
    MONDAY,
    make_campaign,
    make_category,
    make_lead,
    make_rule,
)

pytestmark = pytest.mark.django_db


def routed(lead: Lead) -> Assignment | None:
    return lead.assignments.filter(cause=Cause.ROUTING).first()


LEAD = {
    "email": "lena@shop.co.uk",
    "location": "Leeds, England",
    "client_id": 7,
    "custom_fields": {"Industry": "Food"},
}


@pytest.fixture
def lead() -> Lead:
    campaign = make_campaign(attributes_at=MONDAY)
    return make_lead(campaign=campaign, category=make_category(), **LEAD)


@pytest.mark.parametrize(
    ("attribute", "fits", "fails"),
    [
        ("client", ["6", "7"], ["77"]),
        ("location", ["leeds"], ["Lee"]),
        ("email_domain", ["Shop.CO.UK"], ["co.uk"]),
        ("top_level_domain", ["uk"], ["co"]),
        ("custom", {"industry": ["wine", "food"]}, {"Industry": ["foo"]}),
        ("custom", {"industry": ["food"]}, {"industry": ["food"], "size": ["9"]}),
    ],
)
def test_what_fits_decides_and_what_does_not_is_passed_over(
    ana, ben, lead, *, attribute, fits, fails
):
    make_rule(ben, **{attribute: fails})
    make_rule(ana, **{attribute: fits})

    tick(at=MONDAY)

    assert routed(lead).to == ana


@pytest.mark.parametrize("attribute", ["campaign", "category"])
def test_campaign_and_category_are_known_by_their_ids(ana, ben, lead, attribute):
    other = {"campaign": make_campaign, "category": make_category}[attribute]
    make_rule(ben, **{attribute: [other(getattr(lead, attribute).name)]})
    make_rule(ana, **{attribute: [other("Else"), getattr(lead, attribute)]})

    tick(at=MONDAY)

    assert routed(lead).to == ana


def test_a_client_may_be_that_of_the_campaign(ana):
    lead = make_lead(campaign=make_campaign(client_id=9))
    make_rule(ana, client=["9"])

    tick(at=MONDAY)

    assert routed(lead).to == ana


def test_all_conditions_must_hold(ana, lead):
    make_rule(ana, client=["7"], location=["Leeds"], top_level_domain=["de"])

    tick(at=MONDAY)

    assert routed(lead) is None
