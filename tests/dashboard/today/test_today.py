"""Today: each section with its number, its first leads and the way to settle it."""

import re
from datetime import timedelta

import pytest
import time_machine
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Coverage, Heartbeat, Lead
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_suggestion,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY


@pytest.fixture(autouse=True)
def _now():
    """Tuesday, 09:00."""
    with time_machine.travel(TUESDAY, tick=False):
        Heartbeat.objects.update(beat_at=TUESDAY)
        yield


def owing(name: str, due_at, **fields) -> Lead:
    return make_lead(name, answer_owed=True, answer_due_at=due_at, **fields)


def today(client):
    response = client.get("/today/")
    assert response.status_code == 200
    return response


def section(response, key: str):
    return next(one for one in response.context["page"].sections if one.key == key)


def names(section) -> list[str]:
    return [row.lead.name for row in section.rows]


class TestLate:
    def test_the_longest_late_since_yesterday_stand_first_and_older_ones_elsewhere(
        self, client, manager, ana
    ):
        for hours, name in ((2, "Two"), (20, "Twenty"), (5, "Five"), (30, "Thirty")):
            owing(name, TUESDAY - hours * HOUR, owner=ana)
        owing("Long ago", TUESDAY - 40 * DAY, owner=ana)

        page = today(client)

        late = section(page, "late")
        assert names(late) == ["Thirty", "Twenty", "Five"]
        assert (late.title, late.list.count) == ("Late since yesterday", 4)
        assertContains(page, "5 overdue in all")

    def test_on_a_monday_it_is_since_friday(self, client, manager, ana):
        owing("Friday", MONDAY - 3 * DAY, owner=ana)

        with time_machine.travel(MONDAY, tick=False):
            page = today(client)

        assertContains(page, "Late since Friday")

    def test_the_button_opens_the_first_within_its_list(self, client, manager, ana):
        lead = owing("Lena Lead", TUESDAY - HOUR, owner=ana)

        page = today(client)

        assertContains(page, "Open the first")
        link = f"/leads/{lead.pk}/?list=mine%3Dyes%26sla%3Dlate%26sort%3Dlate"
        assertContains(page, f'href="{link}"')
        assertContains(client.get(link), "Lena Lead")

    def test_what_was_late_before_is_said_where_nothing_is_new(
        self, client, manager, ana
    ):
        owing("Long ago", TUESDAY - 40 * DAY, owner=ana)

        page = today(client)

        assert section(page, "late").title == "Overdue"
        assert names(section(page, "late")) == ["Long ago"]
        assertContains(page, "Nothing late since yesterday")


class TestDueToday:
    def test_the_soonest_stand_first_and_those_within_the_hour_are_counted(
        self, client, manager, ana
    ):
        owing("Tonight", TUESDAY + 9 * HOUR, owner=ana)
        owing("Soon", TUESDAY + HOUR / 2, owner=ana)
        owing("Tomorrow", TUESDAY + DAY, owner=ana)

        page = today(client)

        assert names(section(page, "due-today")) == ["Soon", "Tonight"]
        assertContains(page, "1 within the hour")
        assertContains(page, "answer due within the hour")

    def test_what_is_due_past_midnight_is_not_called_nothing(
        self, client, manager, ana
    ):
        midnight = TUESDAY.replace(hour=0) + DAY
        owing("Night", midnight + HOUR / 6, owner=ana)

        with time_machine.travel(midnight - HOUR / 2, tick=False):
            page = today(client)

        assert section(page, "due-today").title == "Due within the hour"
        assert names(section(page, "due-today")) == ["Night"]


class TestNobodys:
    def test_the_interested_stand_first_and_both_numbers_lead_to_their_lists(
        self, client, manager
    ):
        hot = make_category("Interested", is_interested=True)
        make_lead("Hot", category=hot, last_reply_at=MONDAY - 5 * DAY)
        for name in ("One", "Two", "Three"):
            make_lead(name)

        page = today(client)

        nobodys = section(page, "nobodys")
        assert names(nobodys)[0] == "Hot"
        assert len(nobodys.rows) == 3
        assert (nobodys.list.count, nobodys.part.count) == (4, 1)
        assertContains(page, "Assign 1 interested…")
        assertContains(page, "Assign 4…")

    def test_the_button_asks_the_bulk_page_for_the_same_leads(self, client, manager):
        make_lead("Lena Lead")
        page = today(client)

        answer = client.get(section(page, "nobodys").list.assign_address)

        assertContains(answer, 'value="/today/"')
        assert answer.context["form"].is_asked is False or answer.status_code == 200


class TestUncovered:
    def test_leads_that_stay_with_somebody_away_are_counted(self, client, manager, ana):
        make_absence(ana, at=TUESDAY)
        make_lead("Stranded", owner=ana)

        page = today(client)

        assert names(section(page, "uncovered")) == ["Stranded"]
        assertContains(page, "Owner away, nobody covers")
        assertContains(page, "filter=review%3Daway")


class TestToConfirm:
    def test_a_proposal_is_confirmed_in_place(self, client, manager, ana, ben):
        proposal = make_coverage(
            ana, ben, state="proposed", first_day=TUESDAY.date() + 7 * DAY
        )
        page = today(client)
        form = {"seen": page.context["page"].proposals[0].coverage.seen or 0}
        assertContains(page, "Ana Sousa, 19 to 23 May")
        assertContains(page, "covered by Ben Okafor")

        answer = client.post(
            f"/coverage/{proposal.pk}/confirm/", form | {"next": "/today/"}
        )

        assertRedirects(answer, "/today/")
        assert Coverage.objects.get().state == Coverage.State.SCHEDULED
        assertNotContains(today(client), "proposed by")

    def test_what_else_is_agreed_for_these_days_stands_beside_the_button(
        self, client, manager, ana, ben
    ):
        first = TUESDAY.date() + 7 * DAY
        make_coverage(make_member("Theo Brandt"), ana, first_day=first)
        proposal = make_coverage(ana, ben, state="proposed", first_day=first)

        for address in ("/today/", "/coverage/", f"/coverage/{proposal.pk}/"):
            page = client.get(address)
            assertContains(page, "Ana Sousa covers for Theo Brandt on these days")

    def test_what_changed_meanwhile_is_not_confirmed_unseen(
        self, client, manager, ana, ben
    ):
        proposal = make_coverage(
            ana, ben, state="proposed", first_day=TUESDAY.date() + 7 * DAY
        )
        proposal.events.create(at=TUESDAY, sentence="Ana changed it.")

        answer = client.post(f"/coverage/{proposal.pk}/confirm/", {"seen": 0})

        assert answer.status_code == 409
        assert Coverage.objects.get().state == Coverage.State.PROPOSED

    def test_suggestions_lead_to_the_review(self, client, manager, ana):
        make_suggestion(make_lead(), ana)

        assertContains(today(client), "Review 1")


class TestCoverages:
    def test_those_that_start_or_return_today_are_named_with_their_leads(
        self, client, manager, ana, ben
    ):
        make_lead(owner=ana)
        make_coverage(ana, ben, first_day=TUESDAY.date(), state="scheduled")
        cem = make_member("Cem Kaya")
        running = make_coverage(
            cem, ben, state="active",
            first_day=MONDAY.date() - 4 * DAY, last_day=MONDAY.date(),
        )  # fmt: skip
        make_hold(running, make_lead(owner=ben))

        page = today(client)

        assertContains(
            page, "Starts Tue 12 May, 00:00 UTC. 1 open lead, covered by Ben"
        )
        assertContains(page, "1 lead with Ben Okafor to give back.")

    @pytest.mark.parametrize(
        ("zone", "is_today"), [("Pacific/Auckland", True), ("UTC", False)]
    )
    def test_a_day_is_that_of_the_away_member(
        self, client, manager, ana, zone, is_today
    ):
        tomorrow = TUESDAY.date() + DAY
        make_coverage(ana, first_day=tomorrow, zone=zone)

        with time_machine.travel(TUESDAY + 4 * HOUR, tick=False):  # 01:00 in Auckland
            page = today(client)

        assert bool(page.context["page"].coverages) is is_today


class TestTroubles:
    def test_own_changes_that_did_not_happen_have_their_answers(
        self, client, manager, ana, ben
    ):
        make_assignment(
            make_lead("Lena Lead", owner=ana), ben, actor=manager, state="refused",
            finished_at=TUESDAY, outcome="Lead is archived.",
        )  # fmt: skip

        page = today(client)

        assertContains(page, "Your changes that did not happen")
        assertContains(page, "Refused: Lead is archived.")
        assertContains(page, "Retry, Lena Lead")

    def test_coverages_in_trouble_stand_once_with_their_button(
        self, client, manager, ana, ben
    ):
        ben.is_active = False
        ben.save()
        make_coverage(ana, ben, first_day=TUESDAY.date() + 7 * DAY)

        page = today(client)

        assertContains(page, "Ben Okafor has been deactivated and covers", count=1)
        assertContains(page, "Change who covers", count=1)


class TestNothing:
    def test_to_do_is_said_and_the_inbox_stands_below(self, client, manager, ana):
        make_lead("Lena Lead", owner=ana)

        page = today(client)

        assertContains(page, "Nothing needs you today.")
        assertContains(page, 'hx-get="/inbox/" hx-trigger="load"')
        assertContains(page, ">Open the inbox</a>")

    def test_to_do_is_not_said_of_a_system_in_trouble(self, client, manager, ana):
        make_lead("Lena Lead", owner=ana)
        Heartbeat.objects.update(beat_at=MONDAY)

        page = today(client)

        assertContains(page, "Nothing else needs you today.")
        assertContains(page, "The worker has been silent")

    def test_read_yet_is_told_with_the_first_steps(self, client, manager):
        page = today(client)

        assertContains(page, "Handoff has not read any lead from Smartlead yet.")
        assertContains(page, 'class="btn primary" href="/start/"')
        assertNotContains(page, "Nothing needs you today.")

    def test_in_a_section_is_one_line(self, client, manager):
        make_lead("Nora Nobody")

        page = today(client)

        assertContains(page, "Nothing late since yesterday. Nothing due today.")


def test_each_number_is_that_of_the_list_it_leads_to(client, manager, ana):
    make_absence(ana, at=TUESDAY)
    hot = make_category("Interested", is_interested=True)
    for hours in (-200, -30, -3, 0.5, 4):
        owing(f"Due {hours}", TUESDAY + hours * HOUR, owner=ana)
        owing(f"Unowned {hours}", TUESDAY + hours * HOUR, category=hot)
        make_lead(f"Open {hours}")
    page = today(client)

    numbers = [
        (one.address, one.count)
        for found in page.context["page"].sections
        for one in (found.list, found.part)
        if one
    ]

    assert len(numbers) == 7
    for address, count in numbers:
        assert count > 0
        assert client.get(address).context["total"] == str(count), address


def test_no_lead_stands_twice(client, manager):
    hot = make_category("Interested", is_interested=True)
    owing("Hot and late", TUESDAY - HOUR, category=hot)

    page = today(client)

    assert re.findall(r'id="(lead-\d+)"', page.content.decode()) == [
        f"lead-{Lead.objects.get().pk}"
    ]
    assertContains(page, "Assign 1…, Nobody")


def test_the_queries_do_not_grow_with_the_leads(client, manager, ana, ben):
    make_absence(ana, at=TUESDAY)

    def fill(number: int) -> None:
        for _ in range(number):
            owing("Late", TUESDAY - HOUR, owner=ana)
            owing("Due", TUESDAY + HOUR, owner=ben)
            make_lead("Open")
            make_assignment(
                make_lead(owner=ana), ben, actor=manager, state="refused",
                finished_at=TUESDAY, outcome="No.",
            )  # fmt: skip
            one = make_member()
            make_coverage(one, ben, first_day=TUESDAY.date(), state="scheduled")
            make_coverage(
                one, ben, state="proposed", first_day=TUESDAY.date() + 7 * DAY
            )

    fill(51)  # a page of the inbox, 50 leads, asks for its count only when it is full
    few = queries_of(lambda: today(client))
    fill(20)

    assert queries_of(lambda: today(client)) <= few
