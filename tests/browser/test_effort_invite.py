"""Somebody is invited with a link and a role, in 4 steps and some typing."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from assignments.models import Member, User
from tests.browser.effort import Effort
from tests.factories import make_team


def test_invite_with_link_and_role(office, people):
    ben = people(1)
    team = make_team("North")
    Member.objects.filter(pk=ben.pk).update(team=team)
    page = office.screen()
    page.goto(f"{office.url}/team/")
    effort = Effort(page)

    effort.click(page.get_by_role("link", name="Invite somebody"))
    expect(page.get_by_label("Login or e-mail")).to_be_focused()
    effort.type_text("ben@example.com")
    effort.choose(page.get_by_label("Smartlead member"), str(ben.pk))
    effort.choose(page.get_by_label("Role"), "team_lead")
    effort.click(page.get_by_role("button", name="Invite", exact=True))

    link = page.get_by_label("Invitation link").input_value()
    assert effort.steps <= 4
    user = User.objects.get(username="ben@example.com")
    assert (user.member, list(user.leads_teams.all())) == (ben, [team])

    newcomer = office.browser.new_context().new_page()
    newcomer.goto(f"{office.url}{urlsplit(link).path}")
    assert urlsplit(newcomer.url).path == "/accounts/invitation/"
    newcomer.get_by_label("New password", exact=True).fill("a long enough one")
    newcomer.get_by_label("New password confirmation").fill("a long enough one")
    newcomer.get_by_role("button", name="Set the password and sign in").click()
    expect(newcomer.get_by_text("From now on you sign in as")).to_be_visible()
    newcomer.context.close()
