from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment
from assignments.models.assignment import State
from tests.dashboard.pages import htmx
from tests.factories import (
    make_assignment,
    make_coverage,
    make_lead,
    make_member,
    make_user,
)


def post(client, lead, *, headers=None, **data):
    headers = htmx(f"lead-{lead.pk}") if headers is None else headers
    return client.post(f"/leads/{lead.pk}/assign/", data, headers=headers)


class TestAssign:
    def test_answers_the_row_as_sending_and_polling(self, client, manager, ana, ben):
        lead = make_lead("Lena Lead", owner=ana)

        response = post(client, lead, member=ben.pk, expected=ana.pk)

        assertContains(response, "Ana S. → <b>Ben O.</b>")
        assertContains(response, "· sending")
        assertContains(response, 'hx-trigger="every 500ms"')
        assertNotContains(response, "<html")
        assert lead.assignments.get().to == ben

    def test_works_without_javascript(self, client, manager, ben):
        lead = make_lead("Lena Lead")

        response = post(client, lead, headers={}, member=ben.pk, next="/inbox/?q=lena")

        assertRedirects(response, "/inbox/?q=lena")
        assert lead.assignments.get().actor == manager

    def test_never_redirects_to_another_site(self, client, manager, ben):
        lead = make_lead()

        response = post(
            client, lead, headers={}, member=ben.pk, next="https://elsewhere.test/"
        )

        assertRedirects(response, f"/leads/{lead.pk}/")

    def test_shows_the_present_when_someone_else_was_faster(
        self, client, manager, ana, ben
    ):
        lead = make_lead("Lena Lead", owner=ana)

        response = post(client, lead, member=ben.pk, expected="")

        assertContains(response, '<span class="one">Ana S.</span>', status_code=409)
        assertContains(response, "Look again before you change it.", status_code=409)
        assert not lead.assignments.exists()

    def test_a_stale_form_without_javascript_shows_the_present_too(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ana)

        response = post(client, lead, headers={}, member=ben.pk, expected="")

        assertContains(response, "Look again before you change it.", status_code=409)
        assertContains(response, "<html", status_code=409)

    def test_the_pages_expected_is_the_target_of_a_pending_change(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ana)
        make_assignment(lead, ben)
        cem = make_member("Cem")

        assert post(client, lead, member=cem.pk, expected=ana.pk).status_code == 409
        assert post(client, lead, member=cem.pk, expected=ben.pk).status_code == 200

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({}, "Choose who should have the lead."),
            ({"member": "abc"}, "There is no member with this id."),
            ({"member": "424242"}, "There is no member with this id."),
            ({"member": "9" * 30}, "There is no member with this id."),
            ({"expected": "abc"}, "`expected` must be a member"),
            ({"note": "x" * 10_000}, "The note has 10000 characters; 5000 is the most"),
        ],
    )
    def test_asks_again_in_the_picker_when_the_form_is_not_valid(
        self, client, manager, ben, data, sentence
    ):
        valid = {"member": ben.pk} if data else {}
        lead = make_lead()

        response = post(client, lead, **(valid | data))

        assertContains(response, sentence, status_code=422)
        assert response["HX-Retarget"] == "#picker"
        assert not lead.assignments.exists()

    def test_a_bad_form_without_javascript_gets_a_page(self, client, manager):
        response = post(client, make_lead(), headers={})

        assertContains(response, "<html", status_code=422)

    def test_tells_a_stranger_why_not(self, client, stranger, ana, ben):
        lead = make_lead(owner=ana)

        response = post(client, lead, member=ben.pk)

        assertContains(response, "its owner is in no team", status_code=403)
        assertNotContains(response, "<html", status_code=403)

    def test_a_lead_that_smartlead_lost_cannot_be_assigned(self, client, manager, ben):
        lead = make_lead(gone_at=timezone.now())

        response = post(client, lead, member=ben.pk)

        assertContains(response, "Smartlead no longer has this lead.", status_code=409)

    def test_a_note_goes_along(self, client, manager, ben):
        lead = make_lead()

        post(client, lead, member=ben.pk, note="Knows the plant manager.")

        assert lead.notes.get().text == "Knows the plant manager."

    def test_the_leads_page_gets_its_owner_part(self, client, manager, ben):
        lead = make_lead()

        response = post(client, lead, member=ben.pk, headers=htmx(f"owner-{lead.pk}"))

        assertContains(response, f'id="owner-{lead.pk}"')

    @pytest.mark.parametrize("path", ["leads/424242", f"leads/{'9' * 30}"])
    def test_an_unknown_lead_is_a_404_with_a_sentence(self, client, manager, path):
        response = client.post(f"/{path}/assign/", {"member": 1})

        assertContains(response, "There is nothing at this address.", status_code=404)


class TestAnswers:
    @pytest.fixture
    def refused(self, manager, ana, ben):
        at = timezone.now()
        return make_assignment(
            make_lead("Lena Lead", owner=ana),
            ben,
            actor=manager,
            state=State.REFUSED,
            finished_at=at,
            outcome="No.",
        )

    def act(self, client, change, act, headers=None):
        headers = htmx(f"lead-{change.lead_id}") if headers is None else headers
        return client.post(f"/assignments/{change.pk}/{act}/", headers=headers)

    def test_undo_cancels_what_waits(self, client, manager, ana, ben):
        change = make_assignment(make_lead(owner=ana), ben)

        response = self.act(client, change, "undo")

        assertContains(response, "cancelled it before it was sent")
        assertContains(response, 'data-look="calm"')

    def test_undo_gives_a_done_one_back(self, client, manager, ana, ben):
        change = make_assignment(
            make_lead(owner=ben),
            ben,
            expected=ana,
            state=State.DONE,
            finished_at=timezone.now(),
        )

        assertContains(self.act(client, change, "undo"), "Ben O. → <b>Ana S.</b>")

    @pytest.fixture
    def to_somebody_away(self, manager, ana, ben):
        """A change from Ana, who has been away for an hour, to Ben."""
        at = timezone.now()
        absence = {"starts_at": at - timedelta(hours=1), "ends_at": at + timedelta(3)}
        make_coverage(ana, ben, state="active", first_day=at.date(), **absence)
        lead = make_lead("Lena Lead", owner=ben)
        done = {"state": State.DONE, "finished_at": at - timedelta(hours=2)}
        return make_assignment(lead, ben, expected=ana, **done)

    def test_undo_to_somebody_away_asks_on_a_page(self, client, to_somebody_away):
        change = to_somebody_away

        refused = client.post(f"/assignments/{change.pk}/undo/", {"next": "/inbox/"})
        page = client.get(refused["Location"])

        assertContains(page, "Ana Sousa is away until")
        assertContains(page, "Give it back to Ana Sousa all the same")
        assert not change.lead.assignments.exclude(pk=change.pk).exists()

    def test_undo_in_a_row_leads_to_that_page(self, client, to_somebody_away):
        response = self.act(client, to_somebody_away, "undo")

        assert "/undo/" in response["HX-Redirect"]

    def test_undo_to_somebody_away_goes_through_once_confirmed(
        self, client, ana, to_somebody_away
    ):
        change = to_somebody_away
        said = {"next": "/inbox/?q=lena", "although_away": ana.pk}

        response = client.post(f"/assignments/{change.pk}/undo/", said)

        assertRedirects(response, "/inbox/?q=lena")
        assert change.lead.assignments.get(cause="undo").to == ana

    def test_undo_page_of_what_nobody_had_before_offers_nothing(
        self, client, manager, ben
    ):
        lead = make_lead(owner=ben)
        change = make_assignment(
            lead, ben, expected=None, state=State.DONE, finished_at=timezone.now()
        )

        page = client.get(f"/assignments/{change.pk}/undo/")

        assertContains(page, "Nobody had it before")

    def test_undo_says_why_it_cannot(self, client, refused):
        response = self.act(client, refused, "undo")

        assertContains(response, "there is nothing to undo", status_code=409)

    def test_retry_sends_again(self, client, refused):
        assertContains(self.act(client, refused, "retry"), "Ana S. → <b>Ben O.</b>")

    def test_retry_of_what_waits_is_stale(self, client, manager, ana, ben):
        change = make_assignment(make_lead(owner=ana), ben)

        assert self.act(client, change, "retry").status_code == 409

    def test_dismiss_puts_the_row_back_to_normal(self, client, refused):
        assertContains(self.act(client, refused, "dismiss"), 'data-look="calm"')

    @pytest.mark.parametrize("act", ["undo", "retry", "dismiss"])
    def test_work_without_javascript(self, client, ben, refused, act):
        change = refused
        if act == "undo":
            change = make_assignment(make_lead(), ben)

        response = self.act(client, change, act, headers={})

        assertRedirects(response, f"/leads/{change.lead_id}/")

    @pytest.mark.parametrize("act", ["undo", "retry", "dismiss"])
    def test_are_not_for_strangers(self, client, ana, ben, refused, act):
        change = refused
        if act == "undo":
            change = make_assignment(make_lead(owner=ana), ben)
        client.force_login(make_user())

        assert self.act(client, change, act).status_code == 403
        assert Assignment.objects.get(pk=change.pk).dismissed_at is None

    @pytest.mark.parametrize(
        ("act", "status"), [("undo", 404), ("retry", 405), ("dismiss", 405)]
    )
    def test_only_answer_a_post_to_a_known_assignment(
        self, client, manager, act, status
    ):
        assert client.get(f"/assignments/1/{act}/").status_code == status
        assert client.post(f"/assignments/424242/{act}/").status_code == 404
