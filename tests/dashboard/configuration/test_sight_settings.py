from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Account
from tests.factories import make_lead, make_manager, make_user


def test_a_manager_chooses_what_members_see(client, manager):
    answer = client.post("/settings/sight/", {"members_see": "team"}, follow=True)

    assertContains(answer, "Members see: the leads of their teams")
    assert Account.objects.get().members_see == "team"
    assertContains(answer, 'value="team" aria-describedby="sight-team" checked')


def test_nothing_chosen_changes_nothing(client, manager):
    answer = client.post("/settings/sight/", {"members_see": "some"})

    assertContains(answer, "Choose one of these.", status_code=422)
    assert Account.objects.get().members_see == "all"


def test_a_login_is_limited_on_its_page(client, manager):
    make_lead(client_id=7)
    user = make_user("Lia Limited")
    page = reverse("user", args=[user.pk])

    assertContains(client.get(page), "Client 7")
    answer = client.post(
        reverse("limit_clients", args=[user.pk]), {"client": "7"}, follow=True
    )

    assertContains(answer, 'name="client" value="7" checked')
    assertContains(client.get("/settings/sight/"), "client 7")


def test_a_client_that_is_not_known_is_refused(client, manager):
    user = make_user()

    answer = client.post(
        reverse("limit_clients", args=[user.pk]), {"client": "9"}, follow=True
    )

    assertContains(answer, "There is no client 9.")
    assert not user.client_limits.exists()


def test_sales_managers_are_not_limited(client, manager):
    make_lead(client_id=7)
    other = make_manager("Max Chief")

    page = client.get(reverse("user", args=[other.pk]))
    answer = client.post(
        reverse("limit_clients", args=[other.pk]), {"client": "7"}, follow=True
    )

    assertNotContains(page, "Client 7")
    assertContains(answer, "Max Chief is a sales manager, who sees all leads")
    assert not other.client_limits.exists()


def test_limits_of_a_sales_manager_can_be_removed(client, manager):
    other = make_manager("Max Chief")
    other.client_limits.create(client_id=7)

    page = client.get(reverse("user", args=[other.pk]))
    client.post(reverse("limit_clients", args=[other.pk]))

    assertContains(page, 'name="client" value="7" checked')
    assertContains(page, "Sales managers see all leads")
    assert not other.client_limits.exists()
