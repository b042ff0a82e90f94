"""An absence by those it concerns: who goes, who decides, who covers."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Member
from assignments.services.coverage import tick
from tests.factories import make_team, make_user


@pytest.fixture
def cast(office, people) -> list[Member]:
    """Ana, Ben and Cem with their logins, and Tina, who leads their team."""
    tina = make_user("Tina Lead")
    team = make_team(leads=(tina,))
    members = [people(number) for number in range(3)]
    for member in members:
        member.team, member.user = team, make_user(member.name)
        member.save()
    return members


def work(office) -> None:
    tick.tick(timezone.now())
    office.dispatch()


def press(page: Page, name: str) -> None:
    """By the keyboard alone."""
    button = page.get_by_role("button", name=name, exact=True)
    button.focus()
    page.keyboard.press("Enter")


def follow(page: Page, name: str) -> None:
    link = page.get_by_role("link", name=name, exact=True).first
    link.focus()
    page.keyboard.press("Enter")


def says(page: Page, sentence: str) -> None:
    expect(page.get_by_text(sentence).first).to_be_visible()


def propose(page: Page, url: str) -> str:
    """On a phone; then once more with a comment."""
    page.goto(f"{url}/coverage/new/")
    page.get_by_label("Last day away").fill(day(12))
    page.get_by_role("checkbox", name="Cem Kaya").uncheck()
    expect(page.locator("#preview")).not_to_contain_text("Cem K.")
    expect(page.locator("#preview")).to_contain_text("3 leads with 3 notes")
    press(page, "Propose absence")
    says(page, "Proposed. Tina Lead has been told and can confirm it.")
    follow(page, "Edit")
    page.get_by_label("Private comment").fill("Family visit")
    press(page, "Save changes")
    says(page, "Saved. Tina Lead has been told")
    return page.url


def day(number: int) -> str:
    return (timezone.localdate() + timedelta(days=number)).isoformat()


def confirm_and_start(page: Page, url: str) -> None:
    page.goto(f"{url}/coverage/")
    page.locator("#to-confirm").get_by_role("link").first.click()
    says(page, "Family visit")
    press(page, "Confirm absence")
    says(page, "Confirmed.")
    follow(page, "Start now…")
    page.get_by_role("button", name="Start coverage now").press("Enter")
    says(page, "It is starting.")


def change_coverer(page: Page, old: Member, new: Member) -> None:
    press(page, "Change")
    follow(page, "Change who covers")
    page.get_by_label("No longer covers").select_option(label=str(old))
    page.get_by_label("Covers instead").select_option(label=str(new))
    press(page, "Change who covers")
    says(page, "Changed. The leads move now.")


def end_early(page: Page) -> None:
    press(page, "End early…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Return").focus()
    page.keyboard.press("Enter")
    says(page, "back to Ana Sousa; you can follow it here.")


def hand_back_one(page: Page, address: str, mine: Member) -> None:
    page.goto(address)
    own = page.locator("#holds tr", has_text=str(mine)).first
    given = own.get_by_role("link").first.inner_text()
    own.get_by_role("button", name=f"Hand back {given}").click()
    says(page, f"{given} goes back to Ana Sousa.")


def take_back_one(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Take back").first.click()
    says(page, "goes back to Ana Sousa.")


def read_welcome(page: Page, url: str) -> None:
    page.goto(f"{url}/coverage/")
    recent = page.get_by_role("region", name="Recently returned")
    recent.get_by_role("link").first.click()
    says(page, "Welcome back. This is what happened to your leads")
    says(page, "3 = 3. Nothing is unaccounted for.")


def test_each_does_their_part_by_keyboard_and_phone(office, cast):
    ana, ben, cem = cast
    names = ("Cal Calm", "Hana Hand", "Tara Take")
    leads = [office.lead(name, ana, number=place) for place, name in enumerate(names)]
    away = office.screen(ana.user, width=390)
    decides = office.screen(ana.team.team_leads.get())

    address = propose(away, office.url)
    confirm_and_start(decides, office.url)
    work(office)
    hand_back_one(office.screen(ben.user), address, ben)
    work(office)
    take_back_one(away, address)
    work(office)
    decides.goto(address)
    change_coverer(decides, ben, cem)
    work(office)
    end_early(decides)
    work(office)
    work(office)

    read_welcome(away, office.url)
    owners = office.world.owners()
    assert {owners[lead.pk] for lead in leads} == {ana.pk}
