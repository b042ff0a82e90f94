import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Member
from tests.factories import make_category, make_lead, make_member, make_user

EDITED = {"name": "Ana S. Lima", "email": "ana@x.test", "capacity": "40"}


def test_the_number_of_open_leads_leads_to_just_these(client, stranger, ana):
    make_lead(owner=ana)
    make_lead(owner=ana, category=make_category(is_closing=True))
    make_lead(owner=ana, last_reply_at=None)

    page = client.get(f"/team/{ana.pk}/")

    link = f"/inbox/?owner={ana.pk}&amp;status=open"
    assertContains(page, f'<a class="link" href="{link}">1</a>')


class TestEdit:
    def test_saves(self, client, manager, ana):
        response = client.post(f"/team/{ana.pk}/", EDITED | {"is_active": "on"})

        assertRedirects(response, f"/team/{ana.pk}/")
        ana.refresh_from_db()
        assert (ana.name, ana.capacity, ana.is_active) == ("Ana S. Lima", 40, True)

    def test_deactivates(self, client, manager, ana):
        client.post(f"/team/{ana.pk}/", EDITED)

        assert not Member.objects.get(pk=ana.pk).is_active

    @pytest.mark.parametrize(
        "bad", [{"capacity": "-1"}, {"email": "no"}, {"team": "7"}, {"time_zone": "x"}]
    )
    def test_refuses_a_bad_form(self, client, manager, ana, bad):
        assert client.post(f"/team/{ana.pk}/", EDITED | bad).status_code == 422

    def test_a_login_belongs_to_one_member(self, client, manager, ana):
        user = make_user()
        make_member(user=user)

        response = client.post(f"/team/{ana.pk}/", EDITED | {"user": user.pk})

        assert response.status_code == 422

    def test_is_for_sales_managers(self, client, stranger, ana):
        assertNotContains(client.get(f"/team/{ana.pk}/"), '<button class="btn primary"')
        assertContains(
            client.post(f"/team/{ana.pk}/", EDITED),
            "Only a sales manager can change members.",
            status_code=403,
        )

    def test_an_unknown_member_is_a_404(self, client, manager):
        assert client.get("/team/424242/").status_code == 404


class TestAdd:
    def test_adds_by_hand(self, client, manager):
        response = client.post("/team/add/", {"member_id": 77, "name": "Cem"})

        assertRedirects(response, "/team/")
        assert Member.objects.get(pk=77).source == Member.Source.HAND

    def test_refuses_an_id_that_is_taken(self, client, manager, ana):
        response = client.post("/team/add/", {"member_id": ana.pk, "name": "Cem"})

        assertContains(response, "Ana Sousa already has", status_code=409)

    @pytest.mark.parametrize("number", ["", "abc", "0", "9" * 30])
    def test_refuses_what_is_no_id(self, client, manager, number):
        response = client.post("/team/add/", {"member_id": number, "name": "Cem"})

        assert response.status_code == 422

    def test_is_for_sales_managers(self, client, stranger):
        assert client.get("/team/add/").status_code == 403
        assert client.post("/team/add/", {"member_id": 7}).status_code == 403
