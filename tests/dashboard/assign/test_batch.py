from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Batch, Lead, SavedPlan
from assignments.models.assignment import State
from assignments.services.bulk import write_plan
from assignments.services.ledger.assign import assign_lead
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_absence,
    make_batch,
    make_lead,
    make_member,
    make_team,
    make_user,
)


@pytest.fixture
def batch(manager, ana, ben) -> Batch:
    leads = [make_lead(f"Lena{n} Lead", owner=ana) for n in range(4)]
    return make_batch(leads, ben, actor=manager, at=timezone.now(), reason="Fewer.")


def end(batch: Batch, *states: str) -> list[Assignment]:
    """The first rows of a batch reach these states, as if they had been sent."""
    rows = list(batch.assignments.order_by("pk"))
    for row, state in zip(rows, states, strict=False):
        outcome = "" if state == "done" else f"{state} by somebody."
        Assignment.objects.filter(pk=row.pk).update(
            state=state, finished_at=timezone.now(), outcome=outcome
        )
        if state == "done":
            Lead.objects.filter(pk=row.lead_id).update(owner=row.to)
    return rows


class TestPage:
    def test_says_how_far_it_is_and_goes_on_asking(self, client, batch):
        end(batch, "done", "refused")

        response = client.get(f"/batches/{batch.pk}/")

        assertContains(response, "1 of 4 done")
        assertContains(response, 'hx-trigger="every 2s"')
        assertContains(response, "<b>2</b>waiting")
        assertContains(response, "Fewer. Sara Klein chose Ben Okafor.")

    def test_asks_less_often_in_time_and_no_more_once_it_is_done(self, client, batch):
        Batch.objects.update(created_at=timezone.now() - timedelta(hours=1))
        slow = client.get(f"/batches/{batch.pk}/")
        end(batch, *["done"] * 4)

        ended = client.get(f"/batches/{batch.pk}/")

        assertContains(slow, 'hx-trigger="every 15s"')
        assertNotContains(ended, "data-poll")
        assertContains(ended, "finished")

    def test_troubles_come_first(self, client, batch):
        end(batch, "done", "done", "overtaken", "refused")

        body = client.get(f"/batches/{batch.pk}/").content.decode()

        order = [body.index(f"Lena{n} Lead") for n in (0, 1, 2, 3)]
        names = batch.assignments.order_by("pk").values_list("lead__first_name")
        ranked = [body.index(f"{name} Lead") for (name,) in names]
        assert ranked[3] < ranked[2] < ranked[0] < ranked[1]
        assert len(set(order)) == 4

    def test_one_outcome_can_be_looked_at_alone(self, client, batch):
        rows = end(batch, "done", "refused")

        response = client.get(f"/batches/{batch.pk}/", {"state": "refused"})

        assertContains(response, rows[1].lead.name)
        assertNotContains(response, rows[0].lead.name)

    def test_htmx_gets_the_changing_part_alone(self, client, batch):
        response = client.get(f"/batches/{batch.pk}/", headers=htmx("batch"))

        assertNotContains(response, "<html")

    def test_what_is_not_written_yet_counts_as_waiting(
        self, client, manager, ana, ben, monkeypatch
    ):
        monkeypatch.setattr(write_plan, "CHUNK", 1)
        leads = [make_lead(owner=ana) for _ in range(3)]
        batch = make_batch(leads, ben, actor=manager, at=timezone.now())

        response = client.get(f"/batches/{batch.pk}/")

        assertContains(response, "0 of 3 done")
        assertContains(response, "<b>3</b>waiting")
        assertContains(response, "2 leads are still being put in the")

    def test_a_lead_that_stays_says_with_whom_and_is_not_counted_as_done(
        self, client, manager, ana, ben
    ):
        theirs, others = make_lead(owner=ben), make_lead(owner=ana)
        batch = make_batch([theirs, others], ben, actor=manager, at=timezone.now())

        response = client.get(f"/batches/{batch.pk}/")

        assertContains(response, "0 of 1 done")
        assertContains(response, "1 lead stays where it is")
        assertContains(response, "stays with Ben O.")
        assertNotContains(response, "→ Nobody")

    def test_fifty_rows_ask_no_more_than_one(self, client, manager, ana, ben):
        one, many = (
            make_batch(
                [make_lead(owner=make_member()) for _ in range(n)], ben, actor=manager
            )
            for n in (1, 30)
        )
        few = queries_of(lambda: client.get(f"/batches/{one.pk}/"))

        assert queries_of(lambda: client.get(f"/batches/{many.pk}/")) == few

    def test_everybody_may_look_and_not_touch(self, client, batch):
        client.force_login(make_user("Mo Member"))

        response = client.get(f"/batches/{batch.pk}/")

        assertContains(response, "0 of 4 done")
        assertNotContains(response, "/undo/")


class TestActs:
    def test_pause_and_resume(self, client, batch):
        client.post(f"/batches/{batch.pk}/pause/")
        assertContains(client.get(f"/batches/{batch.pk}/"), "Resume")

        client.post(f"/batches/{batch.pk}/resume/")
        assertContains(client.get(f"/batches/{batch.pk}/"), "Pause")

    def test_cancel_what_is_not_sent(self, client, batch):
        end(batch, "done")

        response = client.post(f"/batches/{batch.pk}/cancel/", follow=True)

        assertContains(response, "<b>3</b>cancelled")

    def test_what_somebody_asked_for_by_itself_is_not_promised(
        self, client, manager, batch
    ):
        row = batch.assignments.first()
        assign_lead(lead=row.lead, to=row.to, actor=manager, at=timezone.now())

        response = client.get(f"/batches/{batch.pk}/")

        assertContains(response, "Cancel the 3 not sent yet")
        assertContains(response, "also assigned 1 of the waiting leads by itself")

    def test_with_nothing_else_unsent_there_is_nothing_to_cancel(
        self, client, manager, batch
    ):
        for row in batch.assignments.all():
            assign_lead(lead=row.lead, to=row.to, actor=manager, at=timezone.now())

        response = client.get(f"/batches/{batch.pk}/")

        assertNotContains(response, f"/batches/{batch.pk}/cancel/")

    def test_retry_leads_to_the_new_batch(self, client, batch):
        end(batch, "done", "done", "done", "refused")

        response = client.post(f"/batches/{batch.pk}/retry/", follow=True)

        again = Batch.objects.latest("pk")
        assertRedirects(response, f"/batches/{again.pk}/")
        assertContains(
            response,
            f'Tries again</dt><dd><a class="link" href="/batches/{batch.pk}/">',
        )

    def test_with_nothing_refused_there_is_nothing_to_retry(self, client, batch):
        response = client.post(f"/batches/{batch.pk}/retry/")

        assertContains(response, "Nothing in this batch is refused", status_code=409)

    @pytest.mark.parametrize("act", ["pause", "resume", "cancel", "retry", "undo"])
    def test_not_by_a_team_lead_who_did_not_make_it(self, client, batch, act):
        theo = make_user("Theo Lead")
        make_team(leads=(theo,))
        client.force_login(theo)

        response = client.post(f"/batches/{batch.pk}/{act}/")

        assertContains(response, "Sara Klein made this batch", status_code=403)

    @pytest.mark.parametrize("act", ["", "undo/"])
    def test_a_batch_that_is_not_there(self, client, manager, act):
        assert client.get(f"/batches/424242/{act}").status_code == 404


class TestUndo:
    def test_says_beforehand_what_goes_back_and_what_stays(self, client, batch):
        rows = end(batch, *["done"] * 4)
        Lead.objects.filter(pk=rows[0].lead_id).update(owner=make_member("Cem Kaya"))

        response = client.get(f"/batches/{batch.pk}/undo/")

        assertContains(response, "Put 3 leads back?")
        assertContains(response, "3 of 4 go back to who had them before")
        assertContains(response, "It has moved since: it is with Cem Kaya now.")
        assert Batch.objects.count() == 1

    def test_leads_that_nobody_had_are_listed_apart(self, client, manager, ben):
        batch = make_batch([make_lead()], ben, actor=manager)
        end(batch, "done")

        response = client.get(f"/batches/{batch.pk}/undo/")

        assertContains(response, "Nothing can go back")
        assertContains(response, "Nobody had these before")

    def test_is_a_batch_that_names_what_it_undoes(self, client, batch, ana):
        end(batch, *["done"] * 4)

        response = client.post(f"/batches/{batch.pk}/undo/", follow=True)

        made = Batch.objects.get(reverses=batch)
        assertRedirects(response, f"/batches/{made.pk}/")
        assertContains(response, "Undoes")
        assert {row.to for row in made.assignments.all()} == {ana}
        assertContains(client.get(f"/batches/{batch.pk}/"), "Undone by")

    def test_warns_of_who_is_away_and_gives_back_what_was_warned_of(
        self, client, batch, ana
    ):
        end(batch, *["done"] * 4)
        make_absence(ana, at=timezone.now())

        asked = client.get(f"/batches/{batch.pk}/undo/")
        client.post(f"/batches/{batch.pk}/undo/", {"although_away": [ana.pk, "x"]})

        assertContains(asked, f"{ana} is away until")
        assertContains(asked, f'name="although_away" value="{ana.pk}"')
        made = Batch.objects.get(reverses=batch)
        assert made.assignments.waiting().count() == 4

    def test_of_what_waits_cancels_it(self, client, batch):
        asked = client.get(f"/batches/{batch.pk}/undo/")
        response = client.post(f"/batches/{batch.pk}/undo/", follow=True)

        assertContains(asked, "Cancel 4 leads?")
        assertContains(response, "No call was made.")
        assert not Assignment.objects.exclude(state=State.CANCELLED).exists()

    def test_when_nothing_is_left_it_says_so(self, client, batch):
        end(batch, *["refused"] * 4)

        response = client.post(f"/batches/{batch.pk}/undo/")

        assertContains(response, "Nothing of this batch can go back", status_code=409)


class TestList:
    def test_newest_first_with_outcomes(self, client, batch, ben):
        end(batch, "done", "refused")
        newer = make_batch([make_lead()], ben, at=timezone.now())

        body = client.get("/batches/").content.decode()

        assert body.index(f"/batches/{newer.pk}/") < body.index(f"/batches/{batch.pk}/")
        assert "1 refused" in body

    def test_more_batches_ask_no_more(self, client, manager, ben):
        make_batch([make_lead()], ben)
        one = queries_of(lambda: client.get("/batches/"))
        for _ in range(5):
            make_batch([make_lead()], ben)

        assert queries_of(lambda: client.get("/batches/")) == one

    def test_when_there_is_none_it_says_what_would_be_here(self, client, manager):
        assertContains(client.get("/batches/"), "No batch yet.")

    def test_a_page_of_another_list_is_refused_in_words(self, client, manager):
        response = client.get("/batches/", {"after": "x"})

        assertContains(response, "Start at the top.", status_code=400)


def test_the_filter_that_chose_the_leads_is_named(client, manager, ana, ben):
    make_lead(owner=ana)
    client.post("/assign/", {"filter": f"owner={ana.pk}", "member": ben.pk})
    plan = SavedPlan.objects.get()

    shown = client.post("/assign/", {"plan": plan.pk, "confirm": "1"}, follow=True)

    assertContains(shown, "Owner: Ana Sousa")
