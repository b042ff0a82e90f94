"""Rules from the first one to the lead that they gave away, and back to why."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Lead, Member, RoutingRule
from assignments.services.operations.tick import tick
from tests.browser.test_keyboard import tab_to
from tests.factories import make_member, make_rule


@pytest.fixture
def members(office) -> list[Member]:
    """As the sandbox names them: what is read from it does not rename them."""
    known = office.world.store.members.values()
    return [make_member(one.name, id=one.id) for one in known]


def new_lead(office) -> int:
    """Somebody without an owner replies now; Handoff has never heard of them."""
    map_id = min(office.world.owners())
    office.world.assign_outside(map_id, None)
    office.world.add_reply(map_id, at=timezone.now().timestamp())
    return map_id


def make_rule_by_keyboard(page: Page, name: str, member: Member) -> None:
    expect(page.get_by_role("heading", name="New rule")).to_be_visible()
    tab_to(page, "Name")
    page.keyboard.type(name)
    page.get_by_role("checkbox", name=member.name, exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_label("Name").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_a_rule_made_by_keyboard_routes_a_new_lead_and_says_why(office, members):
    page = office.screen()
    page.goto(f"{office.url}/routing/")
    tab_to(page, "Make the first rule")
    page.keyboard.press("Enter")
    make_rule_by_keyboard(page, "Everything", members[0])
    page.get_by_role("group", name="Everything is").get_by_text("On").focus()
    page.keyboard.press("Enter")
    is_on = page.locator(".rule [aria-pressed=true]").get_by_text("On", exact=True)
    expect(is_on).to_be_visible()
    expect(is_on).to_be_focused()

    map_id = new_lead(office)
    office.mirror()
    tick(at=timezone.now())
    office.dispatch()

    assert office.world.owner(map_id) == members[0].pk
    page.goto(f"{office.url}/leads/{map_id}/")
    page.get_by_role("link", name="Why this owner?").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Rule “Everything” chose {members[0]}")).to_be_visible()
    expect(page.get_by_text("No rule looks at it.")).to_be_visible()


def test_rules_are_put_in_order_by_keyboard(office, members):
    for name in ("First", "Second", "Third"):
        make_rule(members[0], name=name, top_level_domain=[name])
    page = office.screen()
    page.goto(f"{office.url}/routing/")
    names = page.locator(".rule h2")

    page.get_by_role("button", name="Move Third up").focus()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["First", "Third", "Second"])
    expect(page.get_by_role("button", name="Move Third up")).to_be_focused()
    page.keyboard.press("Enter")

    expect(names).to_have_text(["Third", "First", "Second"])
    expect(page.get_by_role("button", name="Move Third down")).to_be_focused()
    assert [str(rule) for rule in RoutingRule.objects.kept()] == [
        "Third", "First", "Second",
    ]  # fmt: skip


@pytest.mark.parametrize("javascript", [True, False])
def test_a_suggestion_is_accepted_on_a_phone(office, people, javascript):
    lead = office.lead("Lena Lead", None)
    make_rule(people(0), name="Suggests", mode="suggest")
    tick(at=timezone.now())
    page = office.screen(width=390, javascript=javascript)
    page.goto(f"{office.url}/review/")

    page.get_by_role("button", name="Accept: give Lena Lead to Ana Sousa").click()
    expect(page.get_by_text("No suggestion waits for you.")).to_be_visible()
    office.dispatch()

    assert office.world.owner(lead.pk) == people(0).pk
    row = Lead.objects.get(pk=lead.pk).assignments.get()
    assert row.reason.startswith("Rule “Suggests” suggested Ana Sousa")
