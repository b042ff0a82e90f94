"""Names that cannot be seen, and text that turns others: on every page and way out."""

# ruff: noqa: RUF001  letters of other scripts that look like ours

from urllib.parse import quote

import pytest
from django.db import connection

from assignments.models import (
    Lead,
    LeadNote,
    Mail,
    Message,
    Note,
    Notification,
    Team,
    User,
)
from assignments.services.coverage.ical import render_feed
from assignments.services.notifications.compose import compose_due_mails
from assignments.visible_text import TURNING
from tests.dashboard.pages import htmx
from tests.factories import (
    MONDAY,
    make_assignment,
    make_campaign,
    make_coverage,
    make_feed,
    make_lead,
    make_member,
    make_notification,
)

UNSEEN = ["\u200b\u2060", "\u00ad", "\u3164", "\u2800\ufeff", "\u0301", "\U000e0041"]
EMAIL = "nobody1@client.example"


def as_before(lead: Lead, **values: str) -> Lead:
    """The lead as a version from before has written it."""
    columns = ", ".join(f'"{name}" = %s' for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE assignments_lead SET {columns} WHERE map_id = %s",
            [*values.values(), lead.pk],
        )
    return Lead.objects.get()


@pytest.mark.parametrize("unseen", UNSEEN)
class TestNamesThatCannotBeSeen:
    @pytest.fixture
    def lead(self, manager, ana, ben, unseen) -> Lead:
        lead = as_before(
            make_lead(email=EMAIL, owner=ana), first_name=unseen, last_name=unseen
        )
        make_assignment(lead, ben, state="refused", finished_at=MONDAY, outcome="No.")
        return lead

    @pytest.mark.parametrize(
        ("address", "said"),
        [
            ("/inbox/", f">{EMAIL}</a>"),
            ("/leads/{}/", f"<title>{EMAIL} ·"),
            ("/leads/{}/assign/", f"<h1>Assign {EMAIL}</h1>"),
            ("/history/", f">{EMAIL}</a>"),
            ("/history/?lead={}", f"Who had {EMAIL}"),
            ("/assign/?lead={}&strategy=member", "Assign 1 lead"),
        ],
    )
    def test_the_email_stands_for_it_on_pages(self, client, lead, address, said):
        shown = client.get(address.format(lead.pk)).content.decode()

        assert said in shown

    def test_and_in_the_file_of_the_history(self, client, lead):
        lines = client.get("/history/export.csv").getvalue().decode().splitlines()

        assert f",{EMAIL},{EMAIL}," in lines[1]


@pytest.mark.parametrize("sign", TURNING)
class TestTurningText:
    def test_is_on_no_page_of_the_lead(self, client, manager, ana, sign):
        campaign = make_campaign(f"Cold{sign} storage")
        lead = make_lead(f"Evil{sign} Park", company=f"P{sign}", campaign=campaign)
        Message.objects.create(
            lead=lead, key="1", direction="reply", at=MONDAY, subject=f"Re:{sign} x",
            sender=f"Leo{sign} <leo@client.example>", body_html="<p>Hi</p>",
            attachments=[{"name": f"offer_{sign}fdp.exe"}],
        )  # fmt: skip
        LeadNote.objects.create(
            lead=lead, smartlead_id=1, text=f"A{sign}b", author=f"A{sign}"
        )
        make_assignment(lead, ana, actor=manager, reason=f"Because{sign} so.")

        for address in ("/inbox/", f"/leads/{lead.pk}/", "/history/"):
            shown = client.get(address).content.decode()
            assert sign not in shown, address

    def test_is_in_no_cell_and_no_note(self, client, manager, ana, sign):
        lead = make_lead(f"Evil{sign} Park", company=f"P{sign}", owner=None)

        client.post(
            f"/leads/{lead.pk}/assign/",
            {"member": ana.pk, "note": f"Look{sign} here"},
            headers=htmx(),
        )

        assert Note.objects.get().text == "Look here"
        assert sign not in client.get("/history/export.csv").getvalue().decode()


class TestRightToLeft:
    name = "שרה כהן"

    def test_leaves_in_plain_letters(self, client, manager):
        feed = make_feed()
        sara = make_member(self.name, team=feed.team)
        make_coverage(sara, make_member("דוד לוי", team=feed.team))
        make_assignment(
            make_lead(self.name), sara, reason=f"{sara} asked.", state="done",
            finished_at=MONDAY,
        )  # fmt: skip

        file = client.get("/history/export.csv").getvalue().decode()
        calendar = render_feed(feed, at=MONDAY).decode()

        assert f"{self.name} asked." in file
        assert f"SUMMARY:{self.name} away" in calendar
        assert not set(TURNING) & set(file + calendar)

    def test_is_mailed_in_plain_letters(self, manager, postbox):
        manager.email = "sara@our-firm.example"
        manager.save()
        make_notification(
            manager, f"{make_member(self.name)} gave you 3 leads", mail_waits=True,
            text=f"{make_lead(self.name)}", created_at=MONDAY,
        )  # fmt: skip
        assert "\u2068" in Notification.objects.get().subject

        compose_due_mails(at=MONDAY)

        mail = Mail.objects.get()
        assert mail.subject == f"{self.name} gave you 3 leads"
        assert not set(TURNING) & set(mail.text + mail.html)


class TestSearch:
    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("Jürgen Zu\u0308rich", "ZÜRICH"),
            ("Jürgen Zürich", "ju\u0308rgen"),
            ("Ayşe İnce", "ince"),
            ("Ayşe Işık", "IŞIK"),
            ("Ayşe Işık", "ışık"),
            ("Max Straße", "STRASSE"),
            ("می\u200cخواهم", "میخواهم"),
            ("Ａｃｍｅ", "acme"),
        ],
    )
    def test_finds_a_lead_however_the_name_is_typed(self, client, manager, name, typed):
        make_lead(name)
        make_lead("Omar Other")

        shown = client.get(f"/inbox/?q={quote(typed)}").content.decode()

        assert shown.count('class="lrow') == 1
        assert "Omar Other" not in shown

    @pytest.mark.parametrize("sent", ["münchen.example", "xn--mnchen-3ya.example"])
    @pytest.mark.parametrize(
        "typed", ["MÜNCHEN.example", "xn--mnchen-3ya.example", "xn--mnch", "münch"]
    )
    def test_finds_a_domain_in_either_form(self, client, manager, sent, typed):
        make_lead(email=f"leo@{sent}")
        if typed == "xn--mnch" and not sent.startswith("xn--"):
            pytest.skip("a part of a form that nobody sent")

        shown = client.get(f"/inbox/?q={quote(typed)}").content.decode()

        assert shown.count('class="lrow') == 1

    @pytest.mark.parametrize(
        "asked", ["LEO@münchen.example", "leo@MU\u0308NCHEN.example"]
    )
    def test_a_rule_is_tried_on_the_lead_of_an_email(self, client, manager, asked):
        make_lead("Leo Lead", email="leo@xn--mnchen-3ya.example")

        shown = client.get(f"/routing/try/?lead={quote(asked)}").content.decode()

        assert "Leo Lead" in shown


@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("/settings/teams/", {"name": "\u200b\u3164"}),
        ("/team/add/", {"id": "77", "name": "\u2800", "source": "hand"}),
        ("/inbox/views/", {"name": "\u00ad", "query": "q=a"}),
    ],
)
def test_a_name_that_cannot_be_seen_is_refused(client, manager, address, typed):
    assert client.post(address, typed).status_code == 422


def test_people_are_named_from_right_to_left(client, manager):
    client.post(
        "/settings/users/invite/",
        {"login": "שרה", "name": "שרה כהן", "role": "member"},
    )
    client.post("/settings/teams/", {"name": "צפון"})

    assert str(User.objects.get(username="שרה")) == "שרה כהן"
    assert Team.objects.get().name == "צפון"
