"""Who is away, said beside each name; and what needs attention, on every page."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Coverage
from tests.factories import (
    make_assignment,
    make_coverage,
    make_hold,
    make_lead,
    make_user,
)


@pytest.fixture
def running(ana, ben) -> Coverage:
    return make_coverage(
        ana, ben, first_day=timezone.localdate(), state="active",
        began_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def held(running, ben):
    lead = make_lead("Lena Lead", owner=ben)
    make_hold(running, lead)
    return lead


def back_day(coverage) -> str:
    return f"back {coverage.ends_at:%a %-d %b}"


class TestBadges:
    def test_a_row_says_when_its_owner_is_back(self, client, manager, running, ana):
        make_lead(owner=ana)

        assertContains(client.get("/inbox/"), back_day(running))

    def test_a_row_says_for_whom_its_lead_is_held(self, client, manager, held):
        assertContains(client.get("/inbox/"), "for Ana")

    def test_the_lead_says_since_and_until_when(self, client, manager, held, running):
        response = client.get(f"/leads/{held.pk}/")

        assertContains(response, "Ben Okafor has it for Ana Sousa since")
        assertContains(response, f"/coverage/{running.pk}/")

    def test_the_picker_warns_and_lets_one_choose(self, client, manager, running):
        lead = make_lead()

        response = client.get(
            f"/leads/{lead.pk}/assign/", headers={"HX-Request": "true"}
        )

        assertContains(response, back_day(running))
        assertContains(response, f'name="member" value="{running.member_id}"')

    def test_the_team_says_it_too(self, client, manager, running):
        assertContains(client.get("/team/"), back_day(running))

    def test_ended_is_not_away(self, client, manager, running, ana):
        make_lead(owner=ana)
        Coverage.objects.update(state="completed", returning_at=timezone.now())

        assertNotContains(client.get("/inbox/"), back_day(running))


class TestCovering:
    def test_lists_what_one_has_for_others(self, client, held, ben):
        ben.user = make_user("Ben Okafor")
        ben.save()
        make_lead("Own Lead", owner=ben)
        client.force_login(ben.user)

        response = client.get("/inbox/?owner=covering")

        assertContains(response, "Lena Lead")
        assertNotContains(response, "Own Lead")
        assertContains(response, 'data-count="covering">1</b>')


class TestUntil:
    def test_a_held_lead_asks_how_long(self, client, manager, held):
        response = client.get(f"/leads/{held.pk}/assign/")

        assertContains(response, "Until Ana Sousa is back")
        assertContains(response, "For good")

    def test_other_leads_do_not(self, client, manager, ben):
        lead = make_lead(owner=ben)

        assertNotContains(client.get(f"/leads/{lead.pk}/assign/"), 'name="until"')

    @pytest.mark.parametrize(("until", "stays"), [("back", True), ("good", False)])
    def test_the_answer_is_kept(self, client, manager, held, until, stays):
        from tests.factories import make_member

        cem = make_member("Cem Kaya")

        client.post(f"/leads/{held.pk}/assign/", {"member": cem.pk, "until": until})

        assert held.assignments.get().until_back is stays

    def test_nonsense_is_refused(self, client, manager, held, ana):
        response = client.post(
            f"/leads/{held.pk}/assign/", {"member": ana.pk, "until": "soon"}
        )

        assert response.status_code == 422


class TestAttention:
    @pytest.fixture
    def refused(self, running, held):
        row = make_assignment(
            held, running.member, cause="coverage_return", actor=None,
            state="refused", outcome="Lead is archived.", finished_at=timezone.now(),
        )  # fmt: skip
        running.holds.update(move=row)
        return row

    @pytest.mark.parametrize("path", ["/inbox/", "/history/", "/coverage/", "/banner/"])
    def test_is_said_on_every_page(self, client, manager, refused, path):
        assertContains(client.get(path), "Lead is archived.")

    def test_comes_with_the_button_that_resolves_it(self, client, manager, refused):
        assertContains(client.get("/inbox/"), f"/assignments/{refused.pk}/retry/")

    def test_not_to_those_whom_it_does_not_concern(self, client, stranger, refused):
        assertNotContains(client.get("/history/"), "was not given back")

    def test_a_deactivated_member_who_covers(self, client, manager, running, ben):
        ben.is_active = False
        ben.save()

        response = client.get("/inbox/")

        assertContains(response, "has been deactivated and covers for Ana Sousa")
        assertContains(response, f"/coverage/{running.pk}/coverer/")

    def test_a_missed_one_is_read_and_gone(self, client, manager, ana, ben):
        missed = make_coverage(
            ana, ben, state="cancelled", cancelled_at=timezone.now(),
            first_day=timezone.localdate() - timedelta(days=9),
        )  # fmt: skip
        from assignments.services.coverage.lifecycle import MISSED

        Coverage.objects.update(cancelled_why=MISSED, was_missed=True)
        assertContains(client.get("/inbox/"), "I have read it")

        client.post(f"/coverage/{missed.pk}/acknowledge/")

        assertNotContains(client.get("/inbox/"), "I have read it")

    def test_many_are_counted(self, client, manager, running, ben):
        for number in range(4):
            lead = make_lead(f"Lead {number}", owner=ben)
            row = make_assignment(
                lead, running.member, cause="coverage_return", actor=None,
                state="refused", outcome="No.", finished_at=timezone.now(),
            )  # fmt: skip
            make_hold(running, lead, move=row)

        assertContains(client.get("/inbox/"), "2 more things in coverages need")


class TestHistory:
    def test_of_one_coverage(self, client, manager, running, ben):
        lead = make_lead("Lena Lead", owner=ben)
        row = make_assignment(lead, ben, state="done", finished_at=timezone.now())
        make_hold(running, lead, taken_by=row)
        make_assignment(make_lead("Other Lead"), ben)

        response = client.get(f"/history/?coverage={running.pk}")

        assertContains(response, "Lena Lead")
        assertNotContains(response, "Other Lead")
