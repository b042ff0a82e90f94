"""Sharing leads out evenly, what can be undone, and the name of the batch."""

from django.utils import timezone
from pytest_django.asserts import assertContains

from assignments.models import Batch, SavedPlan
from assignments.models.assignment import State
from tests.dashboard.assign.test_bulk import confirm, preview
from tests.factories import make_campaign, make_lead


def test_says_beforehand_how_many_can_be_undone(client, manager, ana, ben):
    leads = [*(make_lead(owner=ana) for _ in range(3)), make_lead(), make_lead()]

    response = preview(client, leads, member=ben.pk)
    confirm(client, response)

    told = "3 of 5 can be undone; 2 had no owner before and stay with whom they"
    assertContains(response, told)
    batch = Batch.objects.get()
    for row in batch.assignments.all():
        row.lead.owner = ben
        row.lead.save()
    batch.assignments.update(state=State.DONE, finished_at=timezone.now())
    asked = client.get(f"/batches/{batch.pk}/undo/")
    assertContains(asked, "3 of 5 go back to who had them before")
    assertContains(asked, "2 had no owner before and stay with whom they went to")


def test_says_of_a_single_lead_that_it_cannot_be_undone(client, manager, ben):
    response = preview(client, [make_lead()], member=ben.pk)

    assertContains(response, "This cannot be undone: the lead had no owner before.")


def test_evens_out_the_open_work_of_several_by_itself(client, manager, ana, ben):
    for _ in range(4):
        make_lead(owner=ana)

    preview(client, [make_lead() for _ in range(6)], member=[ana.pk, ben.pk])

    members = SavedPlan.objects.get().summary["members"]
    assert [one["after"] for one in members] == [5, 5]


def test_a_single_person_gets_all_even_if_full(client, manager, ben):
    ben.capacity = 0
    ben.save()

    preview(client, [make_lead()], strategy="least_busy", member=ben.pk)

    assert SavedPlan.objects.get().moving == 1


def test_names_the_batch_by_the_filter_and_who_gets_how_many(client, manager, ana, ben):
    dach = make_campaign("DACH")
    for _ in range(4):
        make_lead(campaign=dach)
    query = f"campaign={dach.pk}"

    confirm(client, preview(client, filter=query, member=[ana.pk, ben.pk]))

    batch = Batch.objects.get()
    assert batch.name == "DACH → Ana 2, Ben 2"
    page = client.get(f"/batches/{batch.pk}/")
    assertContains(page, '<h1 class="one">DACH → Ana 2, Ben 2</h1>')
    assertContains(client.get("/batches/"), "DACH → Ana 2, Ben 2")
    assertContains(client.get("/history/"), "DACH → Ana 2, Ben 2")
