import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import (
    Account,
    Heartbeat,
    HostPart,
    SyncSource,
    UnreadableRow,
)
from assignments.services import account
from assignments.services.operations import host_parts
from tests.dashboard.pages import htmx, queries_of
from tests.factories import MONDAY, make_assignment, make_lead, make_team, make_user


@pytest.fixture
def team_lead(client):
    user = make_user("Theo Brandt")
    make_team(leads=(user,))
    client.force_login(user)
    return user


class TestPage:
    def test_shows_sources_budget_queue_drift_and_account(
        self, client, manager, ana, ben
    ):
        account.bind(timezone.now())
        mark = Account.objects.get().fingerprint
        make_assignment(make_lead(owner=ana), ben)
        make_lead(owner_known_at=None)
        SyncSource.objects.create(name="inbox-replies", error="It timed out.", rows=7)
        UnreadableRow.objects.create(
            source="inbox-replies",
            reason="No map id.",
            excerpt="<b>{}</b>",
            digest="1",
            first_seen_at=MONDAY,
            last_seen_at=MONDAY,
        )

        response = client.get("/system/")

        for words in (
            "It timed out.",
            "No map id.",
            "1 click",
            "1 without a known owner",
            mark[:8],
            "http://sandbox.test/api/v1",
            "Pause all writes",
        ):
            assertContains(response, words)
        assertNotContains(response, "<b>{}")
        assertNotContains(response, mark)

    def test_shows_what_each_host_runs_and_that_versions_differ(
        self, client, manager, settings
    ):
        now = timezone.now()
        for settings.HOST_NAME in ("<a>", "b"):
            host_parts.record_beat("worker", at=now - timedelta(seconds=9))
        HostPart.objects.filter(host="b").update(version="0.0.9", clock_ahead=20.3)

        response = client.get("/system/", headers=htmx("health"))

        assertContains(response, "&lt;a&gt;")
        assertContains(response, "Different versions run: 0.0.9, ")
        assertContains(response, "Its clock is 20 s ahead of the database&#x27;s.")

    def test_polls_its_health_alone(self, client, manager):
        response = client.get("/system/", headers=htmx("health"))

        assertNotContains(response, "<html")

    def test_team_leads_read_and_cannot_switch(self, client, team_lead):
        response = client.get("/system/")

        assertNotContains(response, 'action="/system/')
        assertContains(response, "A sales manager pauses and resumes.")

    def test_is_not_for_members(self, client, stranger):
        assertContains(
            client.get("/system/"), "for team leads and sales managers", status_code=403
        )

    def test_costs_the_same_with_many_sources_and_rows(self, client, manager, ana):
        client.get("/system/")
        before = queries_of(lambda: client.get("/system/"))
        for number in range(50):
            SyncSource.objects.create(name=f"source {number}")
            make_assignment(make_lead(), ana)

        assert queries_of(lambda: client.get("/system/")) == before


class TestSwitches:
    def test_pause_and_resume(self, client, manager):
        response = client.post("/system/pause/", {"reason": "A restore."})

        assertRedirects(response, "/system/")
        paused = Account.objects.get()
        assert paused.paused_by == manager
        assert paused.pause_reason == "A restore."
        client.post("/system/resume/")
        assert Account.objects.get().paused_at is None

    def test_a_pause_is_said_with_its_undo(self, client, manager):
        response = client.post("/system/pause/", {"reason": "A test."}, follow=True)

        assertContains(response, "What people decide is kept and waits.</p><form")
        assertContains(response, '<button class="link">Undo</button>')

    def test_a_pause_needs_its_reason(self, client, manager):
        response = client.post("/system/pause/", {"reason": " "})

        assertContains(response, "Say why", status_code=422)
        assert Account.objects.get().paused_at is None

    def test_resume_is_refused_while_the_account_does_not_fit(self, client, manager):
        Account.objects.update(
            fingerprint="other", base_url="http://sandbox.test/api/v1"
        )

        response = client.post("/system/resume/")

        assertContains(
            response, "is not the one this database belongs", status_code=409
        )

    def test_bulk_goes_on(self, client, manager):
        Account.objects.update(
            bulk_paused_at=MONDAY, bulk_pause_reason="Three refused."
        )

        assertRedirects(client.post("/system/resume-bulk/"), "/system/")
        assert Account.objects.get().bulk_paused_at is None

    @pytest.mark.parametrize("switch", ["pause", "resume", "resume-bulk"])
    def test_are_for_sales_managers(self, client, team_lead, switch):
        data = {"reason": "I say so."}

        assert client.post(f"/system/{switch}/", data).status_code == 403
        assert client.post(f"/system/{switch}/").status_code == 403
        assert Account.objects.get().paused_at is None


class TestBanner:
    def banner(self, client):
        return client.get("/banner/", headers=htmx("banner")).content.decode()

    def test_is_empty_when_all_is_well(self, client, manager):
        assert "banner" not in self.banner(client)

    def test_says_what_is_wrong_and_what_to_do(self, client, manager, ben):
        make_assignment(make_lead(), ben, created_at=timezone.now() - timedelta(days=2))
        Heartbeat.objects.update(beat_at=MONDAY)
        Account.objects.update(bulk_paused_at=MONDAY, bulk_pause_reason="Three refused")

        said = self.banner(client)

        assert "The worker has been silent." in said
        assert "manage.py serve" in said
        assert "1 change waits here." in said
        assert "Bulk assignments are paused: Three refused." in said
        assert "1 decision has waited for more than a day" in said

    def test_names_the_outage(self, client, manager):
        Account.objects.update(
            outage_since=MONDAY,
            outage_sentence="Smartlead does not accept the API key.",
            probe_at=MONDAY + timedelta(minutes=1),
        )

        assert "does not accept the API key." in self.banner(client)

    def test_a_pause_is_said_with_who_and_why(self, client, manager):
        account.pause_writes(actor=manager, reason="A restore.", at=timezone.now())

        said = self.banner(client)

        assert "paused by Sara Klein: A restore." in said
        assert 'action="/system/resume/"' in said

    def test_who_cannot_end_a_trouble_is_told_who_can(self, client, stranger):
        account.pause_writes(actor=None, reason="A restore.", at=timezone.now())

        said = self.banner(client)

        assert "A sales manager resumes them." in said
        assert "<form" not in said
        assert "/system/" not in said

    def test_old_decisions_can_be_looked_at_and_held_back_from_here(
        self, client, manager, ben
    ):
        make_assignment(make_lead(), ben, created_at=timezone.now() - timedelta(days=2))

        said = self.banner(client)

        assert "/history/?state=waiting" in said
        reason = "Decisions have waited for more than a day."
        assert reason in said
        client.post("/system/pause/", {"reason": reason})
        assert Account.objects.get().pause_reason == reason

    def test_brings_the_number_of_the_bell_along(self, client, manager, ana, ben):
        lead = make_lead(owner=ana)
        refused = {"state": "refused", "finished_at": MONDAY}
        make_assignment(lead, ben, actor=manager, **refused)

        assert '<b id="news" hx-swap-oob="true">1</b>' in self.banner(client)

    def test_another_account_is_said(self, client, manager):
        Account.objects.update(fingerprint="other", base_url="https://other.test/api")

        assert "This database belongs to the Smartlead at" in self.banner(client)


class TestBannerAskedAgain:
    """An open page sends along what it said: only what changed is drawn again."""

    def seen(self, client):
        page = client.get("/history/").content.decode()
        return re.search(r'name="seen" value="([0-9a-f.]+)"', page)[1]

    def ask(self, client, seen):
        return client.get("/banner/", {"seen": seen}, headers=htmx("banner"))

    def test_is_silent_while_nothing_changed(self, client, manager):
        make_lead()
        Account.objects.update(bulk_paused_at=MONDAY, bulk_pause_reason="Three refused")

        response = self.ask(client, self.seen(client))

        assert response.status_code == 204

    def test_says_a_new_trouble(self, client, manager):
        seen = self.seen(client)
        account.pause_writes(actor=manager, reason="A restore.", at=timezone.now())

        response = self.ask(client, seen)

        assertContains(response, "A restore.")
        assert "HX-Reswap" not in response
        assert self.ask(client, self.seen(client)).status_code == 204

    def test_a_number_of_the_rail_changes_alone(self, client, manager):
        seen = self.seen(client)
        make_lead(owner=None)

        response = self.ask(client, seen)

        assert response["HX-Reswap"] == "none"
        assertContains(
            response, "<b hx-swap-oob=\"innerHTML:[data-count='nobodys']\">1</b>"
        )
