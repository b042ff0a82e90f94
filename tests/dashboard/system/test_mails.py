"""What the system page and the banner say of mails, and what managers do about them."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import MailServer
from tests.dashboard.pages import htmx
from tests.factories import MONDAY, make_mail, make_team


@pytest.fixture
def team_lead(stranger):
    make_team(leads=(stranger,))
    return stranger


class TestSystemPage:
    def test_says_that_no_mail_is_sent(self, client, manager):
        assertContains(client.get("/system/"), "names no mail server")

    def test_names_the_trouble_of_the_server(self, client, manager, postbox):
        MailServer.objects.create(
            pk=1, trouble="It sleeps.", trouble_since=MONDAY, try_again_at=MONDAY
        )

        page = client.get("/system/")

        assertContains(page, "It sleeps. Since")
        assertContains(page, "thing to look at")

    def test_lists_refused_mails_with_what_to_do(self, client, manager, postbox):
        mail = make_mail("<b>@example.com", outcome="The mail server said: 550 No.")

        page = client.get("/system/")

        assertContains(page, "&lt;b&gt;@example.com")
        assertContains(page, "The mail server said: 550 No.")
        assertContains(page, f"/system/mails/{mail.pk}/send/")

    def test_a_team_lead_reads_them_only(self, client, team_lead, postbox):
        make_mail(outcome="No.")

        page = client.get("/system/")

        assertContains(page, "1 refused")
        assertNotContains(page, "/system/mails/")


class TestBanner:
    def test_tells_managers(self, client, manager, postbox):
        make_mail(outcome="No.")
        MailServer.objects.create(pk=1, trouble="It sleeps.", trouble_since=MONDAY)

        page = client.get("/banner/", headers=htmx("banner"))

        assertContains(page, "It sleeps. What is told is kept")
        assertContains(page, "1 mail was refused by the mail server.")

    def test_tells_nobody_else(self, client, stranger, postbox):
        make_mail(outcome="No.")

        assertNotContains(client.get("/banner/"), "refused")

    def test_is_silent_without_a_mail_server(self, client, manager):
        make_mail(outcome="No.")

        assertNotContains(client.get("/banner/"), "refused")


class TestActs:
    def test_send_again(self, client, manager, postbox):
        mail = make_mail(outcome="No.")

        response = client.post(f"/system/mails/{mail.pk}/send/")

        assertRedirects(response, "/system/")
        mail.refresh_from_db()
        assert mail.state == "waiting"

    def test_dismiss(self, client, manager, postbox):
        mail = make_mail(outcome="No.")

        client.post(f"/system/mails/{mail.pk}/dismiss/")

        assertNotContains(client.get("/system/"), "Refused mails")

    @pytest.mark.parametrize("act", ["send", "dismiss"])
    def test_twice_says_that_it_is_done(self, client, manager, act):
        mail = make_mail(outcome="No.")
        client.post(f"/system/mails/{mail.pk}/{act}/")

        response = client.post(f"/system/mails/{mail.pk}/{act}/")

        assertContains(response, "Somebody has seen to this mail", status_code=409)

    @pytest.mark.parametrize("act", ["send", "dismiss"])
    def test_only_managers(self, client, team_lead, act):
        mail = make_mail(outcome="No.")

        response = client.post(f"/system/mails/{mail.pk}/{act}/")

        assert response.status_code == 403
        mail.refresh_from_db()
        assert mail.state == "refused"
