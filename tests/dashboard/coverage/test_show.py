"""A coverage's page: how it stands, its leads, its acts, its certificate."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Coverage
from dashboard.coverage.views_actions import ACTS
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_assignment,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_team,
    make_user,
)


@pytest.fixture
def running(ana, ben) -> Coverage:
    first = timezone.localdate() - timedelta(days=2)
    return make_coverage(
        ana, ben, first_day=first, state="active",
        began_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip


@pytest.fixture
def scheduled(ana, ben) -> Coverage:
    return make_coverage(
        ana, ben, first_day=timezone.localdate() + timedelta(days=7), state="scheduled"
    )


@pytest.fixture
def proposed(ana, ben) -> Coverage:
    first = timezone.localdate() + timedelta(days=7)
    return make_coverage(ana, ben, first_day=first, state="proposed")


def page(coverage, rest="") -> str:
    return f"/coverage/{coverage.pk}/{rest}"


class TestPage:
    def test_lists_each_lead_with_whom_it_is(self, client, manager, running, ben):
        make_hold(running, make_lead("Lena Lead", owner=ben))

        response = client.get(page(running))

        assertContains(response, "Day 3 of 5")
        assertContains(response, "Lena Lead")
        assertContains(response, "Ben Okafor")
        assertContains(response, "Hand back")

    def test_each_number_opens_its_leads(self, client, manager, running, ben):
        make_hold(running, make_lead("Out Lead", owner=ben))
        make_hold(running, make_lead("Moved Lead"), outcome="moved")

        moved = client.get(page(running, "?show=moved"))

        assertContains(moved, "Moved Lead")
        assertNotContains(moved, "Out Lead")

    def test_its_figures_are_as_many_leads_as_they_open(
        self, client, manager, running, ben
    ):
        outcomes = ("returned", "back", "moved", "kept", "not_taken", "", "")
        for outcome in outcomes:
            make_hold(running, make_lead(owner=ben), outcome=outcome)
        make_hold(
            running, make_lead(owner=running.member), state="taking", taken_at=None
        )
        outside = make_assignment(
            make_lead(), ben, cause="outside", actor=None, state="done",
            finished_at=timezone.now(),
        )  # fmt: skip
        make_hold(running, outside.lead, outcome="moved", ended_by=outside)

        html = client.get(page(running)).content.decode()

        figures = re.findall(r'href="\?show=(\w+)"><b[^>]*>(\d+)</b>', html)
        assert dict(figures) == {
            "taken": "7", "out": "2", "home": "2", "moved_away": "2", "refused": "0",
            "arrivals": "0",
        }  # fmt: skip
        for name, count in figures:
            shown = client.get(page(running, f"?show={name}"))
            assert len(shown.context["rows"]) == int(count), name

    def test_a_refused_move_is_said_at_its_lead(self, client, manager, running, ben):
        lead = make_lead("Lena Lead", owner=ben)
        row = make_assignment(
            lead, running.member, cause="coverage_return", actor=None, state="refused",
            outcome="Lead is archived.", finished_at=timezone.now(),
        )  # fmt: skip
        make_hold(running, lead, move=row)

        assertContains(client.get(page(running, "?show=refused")), "Lead is archived.")

    def test_goes_on_to_the_next_fifty(self, client, manager, running, ben):
        for number in range(51):
            make_hold(running, make_lead(f"Lead {number}", owner=ben))

        first = client.get(page(running))
        later = client.get(page(running, f"?after={first.context['later']}"))

        assert len(first.context["rows"]) == 50
        assert len(later.context["rows"]) == 1

    @pytest.mark.parametrize("query", ["show=all", "after=x"])
    def test_nonsense_is_refused_in_words(self, client, manager, running, query):
        response = client.get(page(running, f"?{query}"))

        assertContains(response, "data-sentence", status_code=400)

    def test_asks_again_by_itself_while_something_can_change(
        self, client, manager, running, proposed
    ):
        assertContains(client.get(page(running)), 'hx-trigger="every 60s"')
        assertNotContains(client.get(page(proposed)), 'id="running" hx-get')

    def test_htmx_gets_what_changes_alone(self, client, manager, running):
        response = client.get(page(running), headers=htmx("running"))

        assertNotContains(response, "<html")
        assertContains(response, 'id="progress"')

    def test_before_it_begins_it_shows_what_it_would_do(
        self, client, manager, scheduled, ana
    ):
        make_lead(owner=ana)

        assertContains(client.get(page(scheduled)), "1 lead</span>")

    def test_a_member_sees_it_without_its_acts(self, client, stranger, running):
        response = client.get(page(running))

        assertContains(response, "Day 3 of 5")
        assertNotContains(response, "End early")

    def test_the_number_of_queries_does_not_grow(self, client, manager, running, ben):
        make_hold(running, make_lead(owner=ben))
        few = queries_of(lambda: client.get(page(running)))
        for _ in range(10):
            make_hold(running, make_lead(owner=ben))

        assert queries_of(lambda: client.get(page(running))) == few


class TestActs:
    def test_each_says_first_what_it_will_do(self, client, manager, running):
        for act in ACTS:
            assertContains(client.get(page(running, f"{act}/")), "<button class")

    def test_starting_now_says_how_many_leads_move(
        self, client, manager, scheduled, ana
    ):
        for _ in range(3):
            make_lead(owner=ana)

        response = client.get(page(scheduled, "start/"))

        assertContains(response, "Start coverage now: 3 leads to 1 member")

    def test_where_leads_are_kept_it_does_not_say_that_they_go_back(
        self, client, manager, running, ben
    ):
        running.on_return = "keep"
        running.save()
        make_hold(running, make_lead(owner=ben), to=ben)

        response = client.get(page(running, "end/"))

        assertContains(response, "1 lead is out and stays with those who cover")
        assertContains(response, "End it now")
        assertNotContains(response, "back to")

    def test_a_lead_confirms_a_proposal(self, client, manager, proposed):
        response = client.post(page(proposed, "confirm/"))

        proposed.refresh_from_db()
        assertRedirects(response, page(proposed))
        assert proposed.state == "scheduled"

    @pytest.mark.parametrize("where", ["", "confirm/"])
    def test_not_as_it_was_before_somebody_changed_it(
        self, client, manager, proposed, where
    ):
        shown = client.get(page(proposed, where))
        said = "Ana Sousa changed the days."
        proposed.events.create(at=timezone.now(), actor=manager, sentence=said)

        response = client.post(page(proposed, "confirm/"), {"seen": 0})

        proposed.refresh_from_db()
        assertContains(shown, 'name="seen" value="0"')
        assertContains(response, f"Meanwhile: {said}", status_code=409)
        assert proposed.state == "proposed"

    def test_or_declines_it_with_a_word(self, client, manager, proposed):
        client.post(page(proposed, "decline/"), {"why": "Fair week"})

        assertContains(client.get(page(proposed)), "Fair week")

    def test_a_member_takes_a_proposal_back(self, client, proposed, ana):
        ana.user = make_user("Ana Sousa")
        ana.save()
        client.force_login(ana.user)

        assertContains(client.get(page(proposed)), "Withdraw proposal")
        client.post(page(proposed, "cancel/"))

        proposed.refresh_from_db()
        assert proposed.state == "cancelled"

    def test_it_is_extended_to_a_later_day(self, client, manager, running):
        last = running.last_day + timedelta(days=3)

        client.post(page(running, "extend/"), {"last_day": last.isoformat()})

        running.refresh_from_db()
        assert running.last_day == last
        assertContains(client.get(page(running)), "extended it until")

    def test_a_day_that_is_none_is_said(self, client, manager, running):
        response = client.post(page(running, "extend/"), {"last_day": "soon"})

        assertContains(response, "That is not a day.", status_code=422)

    def test_an_earlier_day_is_refused_with_a_sentence(self, client, manager, running):
        day = running.last_day - timedelta(days=1)
        response = client.post(page(running, "extend/"), {"last_day": day.isoformat()})

        assertContains(response, "It already lasts until", status_code=409)

    def test_a_scheduled_one_is_cancelled(self, client, manager, scheduled):
        client.post(page(scheduled, "cancel/"))

        scheduled.refresh_from_db()
        assert scheduled.state == "cancelled"

    def test_another_member_covers_from_now_on(self, client, manager, running, ben):
        cem = make_member("Cem Kaya")

        client.post(page(running, "coverer/"), {"old": ben.pk, "new": cem.pk})

        assertContains(client.get(page(running)), "Cem Kaya")

    def test_a_stale_page_is_told_how_it_stands(self, client, manager, scheduled):
        response = client.post(page(scheduled, "confirm/"))

        assertContains(response, "Reload to see it", status_code=409)

    @pytest.mark.parametrize("act", ACTS)
    def test_nobody_else_may(self, client, stranger, running, act):
        for ask in (client.get, client.post):
            assert ask(page(running, f"{act}/")).status_code == 403

    def test_a_lead_of_another_team_may_not(self, client, running):
        other = make_user()
        make_team(leads=(other,))
        client.force_login(other)

        assert client.post(page(running, "end/")).status_code == 403

    def test_who_holds_a_lead_hands_it_back(self, client, running, ben, ana):
        ben.user = make_user("Ben Okafor")
        ben.save()
        lead = make_lead(owner=ben)
        make_hold(running, lead)
        client.force_login(ben.user)

        response = client.post(page(running, f"leads/{lead.pk}/return/"))

        assertRedirects(response, page(running))
        assert lead.assignments.get().to == ana

    def test_a_stranger_does_not(self, client, stranger, running, ben):
        lead = make_lead(owner=ben)
        make_hold(running, lead)

        response = client.post(page(running, f"leads/{lead.pk}/take/"))

        assert response.status_code == 403
        assert not lead.assignments.exists()


class TestCertificate:
    @pytest.fixture
    def over(self, ana, ben) -> Coverage:
        coverage = make_coverage(ana, ben, state="completed")
        for outcome in ("returned", "returned", "kept", "gone", "not_taken"):
            make_hold(coverage, make_lead(f"{outcome} Lead"), outcome=outcome)
        outside = make_assignment(
            make_lead(), ben, cause="outside", actor=None, state="done",
            finished_at=timezone.now(),
        )  # fmt: skip
        make_hold(coverage, outside.lead, outcome="moved", ended_by=outside)
        make_hold(coverage, make_lead("By Hand"), outcome="moved")
        return coverage

    def test_writes_the_sum_out(self, client, manager, over):
        response = client.get(page(over, "certificate/"))

        assertContains(response, "2 + 1 + 1 + 1 + 1 = 6. Nothing is unaccounted for.")
        assertContains(response, "1 never moved")
        assertContains(response, "The 4 that did not go back, and why")
        assertContains(response, "Moved to Ben Okafor in Smartlead, not by Handoff.")

    def test_each_number_opens_as_many_leads(self, client, manager, over):
        parts = client.get(page(over, "certificate/")).context["tally"].parts

        for fate, count in parts:
            shown = client.get(page(over, f"?show={fate}"))
            assert len(shown.context["rows"]) == count, fate

    def test_welcomes_who_was_away(self, client, over, ana):
        ana.user = make_user("Ana Sousa")
        ana.save()
        client.force_login(ana.user)

        assertContains(client.get(page(over, "certificate/")), "Welcome back.")

    def test_says_when_it_is_not_finished(self, client, manager, running, ben):
        make_hold(running, make_lead(owner=ben))

        response = client.get(page(running, "certificate/"))

        assertContains(response, "It has not ended")
        assertContains(response, "1 is still out.")

    def test_nothing_taken_is_no_riddle(self, client, manager, ana, ben):
        over = make_coverage(ana, ben, state="completed")

        assertContains(client.get(page(over, "certificate/")), "No lead was taken")
