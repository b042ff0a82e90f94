import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import DayOff, SlaTarget, WorkingHours
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_campaign,
    make_category,
    make_lead,
    make_member,
    make_target,
    make_team,
    make_user,
)

NEW = {
    "campaign": "",
    "category": "",
    "amount": "1",
    "unit": "hours",
    "counts": "working",
    "at_breach": "suggest",
}
HOURS = {f"day_{number}": "9:00-17:00" for number in range(5)} | {
    "escalate_after": "60"
}


@pytest.fixture(autouse=True)
def _nothing_is_set(db):
    """A migration sets a target; tables made from the models have none."""
    SlaTarget.objects.all().delete()


@pytest.fixture
def leader(client):
    """Signed in; leads a team."""
    user = make_user("Tia Lead")
    make_team(leads=(user,))
    client.force_login(user)
    return user


class TestTargets:
    def test_one_is_added_and_stands_in_the_table(self, client, manager):
        category = make_category("Interested")

        response = client.post(
            "/settings/targets/new/", NEW | {"category": category.pk}
        )

        assertRedirects(response, "/settings/")
        target = SlaTarget.objects.get()
        assert (target.minutes, target.category) == (60, category)
        page = client.get("/settings/")
        assertContains(page, "1 working hour")
        assertContains(page, "Tell the owner, and suggest somebody else")

    def test_one_is_changed_and_removed(self, client, manager):
        target = make_target(90)
        path = f"/settings/targets/{target.pk}/"
        assertContains(client.get(path), 'value="90"')

        client.post(path, NEW | {"amount": "2", "counts": "clock"})
        target.refresh_from_db()
        assert (target.minutes, target.in_working_hours) == (120, False)

        assertRedirects(client.post(f"{path}remove/"), "/settings/")
        assertContains(client.get("/settings/"), "no answer is ever overdue")

    @pytest.mark.parametrize("amount", ["0", "", "x", "-1", "9999999"])
    def test_refuses_an_amount_that_makes_no_sense(self, amount, client, manager):
        response = client.post("/settings/targets/new/", NEW | {"amount": amount})

        assert response.status_code == 422
        assert not SlaTarget.objects.exists()

    def test_says_that_zero_leaves_no_time(self, client, manager):
        response = client.post("/settings/targets/new/", NEW | {"amount": "0"})

        assertContains(response, "leaves no time to answer", status_code=422)

    def test_refuses_more_than_ninety_days(self, client, manager):
        response = client.post("/settings/targets/new/", NEW | {"amount": "5000"})

        assertContains(response, "at most 90 days", status_code=409)

    def test_refuses_a_second_one_for_the_same_leads(self, client, manager):
        make_target()

        response = client.post("/settings/targets/new/", NEW)

        assertContains(response, "There is a target for these leads", status_code=409)

    def test_the_most_specific_stand_first(self, client, manager):
        make_target(category=make_category("Interested"))
        make_target()
        make_target(campaign=make_campaign("Pilot"))

        text = client.get("/settings/").content.decode()

        names = [
            text.index(name) for name in ("Pilot", "Interested", "All other leads")
        ]
        assert names == sorted(names)

    def test_fifty_ask_no_more_of_the_database_than_one(self, client, manager):
        make_target()
        client.get("/settings/")
        one = queries_of(lambda: client.get("/settings/"))
        for _ in range(49):
            make_target(campaign=make_campaign(), category=make_category())

        assert queries_of(lambda: client.get("/settings/")) == one

    def test_a_team_lead_reads_and_changes_nothing(self, client, leader):
        target = make_target()

        assertNotContains(client.get("/settings/"), f"/settings/targets/{target.pk}/")
        assert client.get("/settings/hours/").status_code == 200
        assert client.get(f"/settings/targets/{target.pk}/").status_code == 403
        assert client.post("/settings/hours/", HOURS).status_code == 403


class TestDefaultHours:
    def test_are_saved_as_typed(self, client, manager):
        said = HOURS | {"day_0": "9-12; 13.30 to 17", "country": "DE", "day_5": ""}

        response = client.post("/settings/hours/", said | {"subdivision": "be"})

        assertRedirects(response, "/settings/hours/")
        hours = WorkingHours.objects.get()
        assert hours.week[0] == [[540, 720], [810, 1020]]
        assert (hours.week[5], hours.country, hours.subdivision) == ([], "DE", "BE")
        assertContains(client.get("/settings/hours/"), "9:00-12:00, 13:30-17:00")
        assertContains(client.get("/settings/"), "holidays of Germany (BE)")

    @pytest.mark.parametrize(
        ("said", "why", "status"),
        [
            ({"day_0": "all day"}, "Write it like 9:00-17:00", 422),
            ({"day_0": "9:75-17:00"}, "Write it like 9:00-17:00", 422),
            ({"day_0": "17:00-9:00"}, "Monday: hours begin before they end", 409),
            ({"day_0": "9-12, 11-17"}, "Monday: hours follow each other", 409),
            ({"country": "DE", "subdivision": "XX"}, "No region “XX”", 422),
            ({"subdivision": "BE"}, "It has none here", 422),
            ({"escalate_after": "0"}, "greater than or equal to 1", 422),
            ({f"day_{n}": "" for n in range(7)}, "at least one day", 409),
        ],
        ids=[
            "no clock", "no minute", "ends first", "overlap", "region",
            "region of nowhere", "told at once", "a week without hours",
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_said(self, said, why, status, client, manager):
        response = client.post("/settings/hours/", HOURS | said)

        assertContains(response, why, status_code=status)

    def test_a_day_off_is_added_and_removed(self, client, manager):
        said = {"day": "2026-12-24", "name": "Christmas Eve"}
        assertRedirects(client.post("/settings/days-off/", said), "/settings/hours/")
        assertContains(client.get("/settings/hours/"), "Christmas Eve")
        assertContains(
            client.post("/settings/days-off/", said), "already", status_code=409
        )
        bad = client.post("/settings/days-off/", {"day": "soon"})
        assert bad.status_code == 422

        client.post(f"/settings/days-off/{DayOff.objects.get().pk}/remove/")

        assert not DayOff.objects.exists()


class TestMemberHours:
    def test_are_their_own_or_those_of_everybody(self, client, manager, ana):
        path = f"/team/{ana.pk}/hours/"
        said = {"own_week": "on", "country": "AT", "day_0": "22:00-24:00"}

        assertRedirects(client.post(path, said), path)
        ana.refresh_from_db()
        assert ana.hours.week == [[[1320, 1440]], [], [], [], [], [], []]
        assertContains(client.get(path), "Mon 22:00-24:00")

        client.post(path, {"country": "-"})
        ana.hours.refresh_from_db()
        assert (ana.hours.week, ana.hours.country) == (None, None)
        assertContains(client.get(path), "Mon to Fri 9:00-17:00")

    def test_a_week_without_hours_is_refused(self, client, manager, ana):
        response = client.post(
            f"/team/{ana.pk}/hours/", {"own_week": "on", "country": "-"}
        )

        assertContains(response, "plan an absence", status_code=409)

    def test_what_is_no_clock_time_is_refused(self, client, manager, ana):
        response = client.post(f"/team/{ana.pk}/hours/", {"country": "-", "day_2": "x"})

        assert response.status_code == 422

    def test_a_lost_zone_is_said(self, client, manager):
        lou = make_member("Lou Lost", time_zone="Mars/Olympus")

        page = client.get(f"/team/{lou.pk}/hours/")

        assertContains(page, "Mars/Olympus” is not known here any more: UTC counts")

    def test_are_seen_by_themselves_and_who_leads(self, client, leader, ana):
        path = f"/team/{ana.pk}/hours/"
        assert client.get(path).status_code == 200
        own = make_user("Ana Sousa")
        ana.user = own
        ana.save()

        client.force_login(own)
        assert client.get(path).status_code == 200
        assertContains(client.get(f"/team/{ana.pk}/"), path)
        assert client.post(path, {"country": "-"}).status_code == 403

        client.force_login(make_user("Stan Stranger"))
        assert client.get(path).status_code == 403


class TestLead:
    def lead(self, owner, **fields):
        values = {"answer_owed": True, "answer_due_at": MONDAY}
        return make_lead(owner=owner, **(values | fields))

    def test_says_when_by_which_target_and_in_whose_hours(self, client, manager, ana):
        make_target(60, in_working_hours=True)

        page = client.get(f"/leads/{self.lead(ana).pk}/")

        assertContains(page, "1 working hour, Ana&#x27;s hours")

    def test_around_the_clock_it_is_nobodys_hours(self, client, manager, ana):
        make_target(90)

        page = client.get(f"/leads/{self.lead(ana).pk}/")

        assertContains(page, "90 minutes around the clock<")

    def test_without_a_target_it_never_falls_due(self, client, manager, ana):
        page = client.get(f"/leads/{self.lead(ana, answer_due_at=None).pk}/")

        assertContains(page, "Never: no target fits this lead.")

    def test_of_nobody_the_hours_of_everybody_count(self, client, manager):
        make_target(60, in_working_hours=True)

        page = client.get(f"/leads/{self.lead(None).pk}/")

        assertContains(page, "1 working hour, the hours of everybody")
