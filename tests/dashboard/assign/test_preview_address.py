"""Where a preview is found again: by an address that nobody else can follow."""

from pytest_django.asserts import assertContains, assertRedirects

from assignments.models import Batch, SavedPlan
from tests.dashboard.assign.test_bulk import confirm, plan_of, preview
from tests.factories import make_lead, make_user


def test_has_an_address_of_its_own(client, manager, ben):
    response = preview(client, [make_lead()], member=ben.pk)

    plan = SavedPlan.objects.get()
    assertRedirects(response, f"/assign/?plan={plan.pk}#plan")
    assertContains(client.get(f"/assign/?plan={plan.pk}"), "1 will move")


def test_is_kept_by_no_link_that_anybody_may_follow(client, manager, ben):
    said = {"lead": make_lead().pk, "strategy": "member", "member": ben.pk}

    response = client.get("/assign/", said)

    assert not SavedPlan.objects.exists()
    assertContains(response, f'value="{ben.pk}" checked')
    assertContains(response, 'hx-trigger="load, change, ')


def test_is_its_batch_once_it_was_confirmed(client, manager, ben):
    confirm(client, preview(client, [make_lead()], member=ben.pk))
    plan, batch = SavedPlan.objects.get(), Batch.objects.get()

    response = client.get(f"/assign/?plan={plan.pk}")

    assertRedirects(response, f"/batches/{batch.pk}/")


def test_further_leads_of_the_same_plan_have_a_page(client, manager, ben):
    leads = [make_lead() for _ in range(51)]
    response = preview(client, leads, member=ben.pk)
    assertContains(response, "1 to 50 of 51")

    page = client.get("/assign/", {"plan": plan_of(response), "start": "50"})

    assertContains(page, "51 to 51 of 51")
    assert SavedPlan.objects.count() == 1


def test_nobody_else_sees_it(client, manager, ben):
    plan = plan_of(preview(client, [make_lead()], member=ben.pk))
    other = make_user(is_sales_manager=True)
    client.force_login(other)

    response = client.get("/assign/", {"plan": plan, "start": "0"})

    assert response.status_code == 404
