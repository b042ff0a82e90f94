"""A deactivated member is suggested nowhere from that moment."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from assignments.services.access import active_members, choosable_members
from tests.factories import make_lead, make_manager, make_member, make_table

PAGES = (
    "/assign/?lead={lead}", "/leads/{lead}/", "/leads/{lead}/assign/", "/routing/new/",
    "/coverage/new/", "/coverage/new/?member={ana}", "/team/rebalance/",
    "/team/{ana}/leaving/", "/settings/mappings/{table}/", "/settings/users/invite/",
)  # fmt: skip


@pytest.fixture
def places(ana) -> dict[str, int]:
    lead = make_lead(owner=ana)
    return {"lead": lead.pk, "ana": ana.pk, "table": make_table({}).pk}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_offers_them(client, manager, places, page):
    gil = make_member("Gil Gone")
    path = page.format(**places)
    before = client.get(path)

    client.post(f"/team/{gil.pk}/deactivate/", follow=True)

    assertContains(before, "Gil Gone")
    assertNotContains(client.get(path), "Gil Gone")


@pytest.mark.django_db
def test_nobody_may_choose_them():
    make_member("Gil Gone", is_active=False)
    ana = make_member("Ana Sousa")

    assert list(active_members()) == [ana]
    assert list(choosable_members(make_manager())) == [ana]
