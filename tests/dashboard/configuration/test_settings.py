import re

import pytest
from pytest_django.asserts import assertContains

from assignments.models import Category, Team, User
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

NEW = {"username": "cem", "first_name": "Cem", "last_name": "Kaya"}


class TestCategories:
    def test_decides_what_they_mean(self, client, manager):
        wrong = make_category("Wrong person")
        lead = make_lead(category=wrong, answer_owed=True, answer_due_at=MONDAY)

        client.post("/settings/categories/", {f"closing_{wrong.pk}": "on"})

        lead.refresh_from_db()
        assert Category.objects.get(pk=wrong.pk).is_closing
        assert not lead.answer_owed

    def test_decides_that_an_automatic_answer_owes_none(self, client, manager):
        away = make_category("Away")
        make_lead(category=away, answer_owed=True, answer_due_at=MONDAY)

        client.post("/settings/categories/", {f"automatic_{away.pk}": "on"})

        assert Category.objects.get(pk=away.pk).owes_no_answer
        assertContains(client.get("/settings/"), "Automatic answer</th>")

    def test_a_category_cannot_mean_both(self, client, manager):
        both = make_category("Both")
        ticked = {f"closing_{both.pk}": "on", f"interested_{both.pk}": "on"}

        response = client.post("/settings/categories/", ticked)

        assertContains(response, "cannot close the conversation", status_code=409)


class TestTeams:
    def test_makes_changes_and_removes(self, client, manager):
        lead = make_user()
        client.post("/settings/teams/", {"name": "EMEA", "team_leads": [lead.pk]})
        team = Team.objects.get()
        assert list(team.team_leads.all()) == [lead]
        member = make_member(team=team)

        client.post(f"/settings/teams/{team.pk}/", {"name": "North"})
        team.refresh_from_db()
        assert (team.name, team.team_leads.count()) == ("North", 0)

        client.post(f"/settings/teams/{team.pk}/remove/")
        member.refresh_from_db()
        assert member.team is None

    def test_names_are_taken_once(self, client, manager):
        Team.objects.create(name="EMEA")

        response = client.post("/settings/teams/", {"name": "emea"})

        assertContains(response, "There is already a team", status_code=409)

    def test_refuses_a_bad_form(self, client, manager):
        assert client.post("/settings/teams/", {"name": ""}).status_code == 422


class TestUsers:
    def test_a_new_login_gets_a_password_that_is_shown_once(self, client, manager):
        response = client.post("/settings/users/", NEW)

        shown = re.search(r"<code>([\w-]+)</code>", response.content.decode())
        assert shown
        assert User.objects.get(username="cem").check_password(shown[1])
        assert "no-store" in response["Cache-Control"]
        assert shown[1] not in client.get("/settings/users/").content.decode()

    def test_a_login_is_taken_once(self, client, manager):
        client.post("/settings/users/", NEW)

        response = client.post("/settings/users/", NEW | {"username": "CEM"})

        assertContains(response, "There is already a login", status_code=409)

    @pytest.mark.parametrize(
        "bad", [{"username": "a b"}, {"first_name": ""}, {"email": "x"}]
    )
    def test_refuses_a_bad_form(self, client, manager, bad):
        assert client.post("/settings/users/", NEW | bad).status_code == 422

    def test_the_last_manager_cannot_step_down(self, client, manager):
        response = client.post(
            f"/settings/users/{manager.pk}/", {"first_name": "Sara", "is_active": "on"}
        )

        assertContains(response, "is the last sales manager", status_code=409)

    def test_one_of_two_can(self, client, manager):
        make_manager("Theo Brandt")

        response = client.post(f"/settings/users/{manager.pk}/", {"first_name": "S"})

        assert response.status_code == 302
        assert not User.objects.get(pk=manager.pk).is_active

    def test_sets_a_new_password(self, client, manager):
        user = make_user()

        response = client.post(f"/settings/users/{user.pk}/password/")

        shown = re.search(r"<code>([\w-]+)</code>", response.content.decode())
        assert shown
        assert User.objects.get(pk=user.pk).check_password(shown[1])

    def test_fifty_logins_ask_no_more_of_the_database_than_one(self, client, manager):
        make_member(user=manager)
        client.get("/settings/users/")
        one = queries_of(lambda: client.get("/settings/users/"))
        for _ in range(49):
            make_team(leads=(make_member(user=make_user()).user,))

        assert queries_of(lambda: client.get("/settings/users/")) == one


@pytest.mark.parametrize(
    "path",
    [
        "",
        "targets/new/",
        "targets/1/",
        "hours/",
        "days-off/",
        "categories/",
        "teams/",
        "teams/1/",
        "teams/1/remove/",
        "users/",
        "users/1/",
        "users/1/password/",
    ],
)
def test_settings_are_for_sales_managers(client, stranger, path):
    for answer in (client.get(f"/settings/{path}"), client.post(f"/settings/{path}")):
        assert answer.status_code in {403, 405}
    assert client.post(f"/settings/{path}").status_code in {403, 405}
