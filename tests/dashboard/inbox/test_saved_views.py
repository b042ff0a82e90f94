import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import SavedView
from tests.factories import make_lead, make_user


def save(client, name="Late ones", query="sla=overdue"):
    return client.post("/inbox/views/", {"name": name, "query": query})


class TestSaving:
    def test_keeps_the_filter_and_shows_it_in_the_rail(self, client, manager):
        response = save(client, query="sort=due&sla=overdue&after=x&next=//evil.test")

        assertRedirects(response, "/inbox/?sla=overdue&sort=due")
        assertContains(client.get("/history/"), "Late ones")

    def test_the_same_name_again_replaces_it(self, client, manager):
        save(client)
        save(client, query="owner=me")

        assert [view.query for view in SavedView.objects.all()] == ["owner=me"]

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({"name": ""}, "Give the view a name."),
            ({"name": "x" * 61}, "at most 60 characters"),
            ({"query": ""}, "There is no filter to keep."),
            ({"query": "owner=abc"}, "There is no filter to keep."),
        ],
    )
    def test_says_what_is_missing(self, client, manager, data, sentence):
        response = save(client, **data)

        assertContains(response, sentence, status_code=422)
        assert not SavedView.objects.exists()

    def test_thirty_are_enough(self, client, manager, monkeypatch):
        monkeypatch.setattr("assignments.services.people.saved_views.MOST_VIEWS", 1)
        save(client)

        response = save(client, name="One more")

        assertContains(response, "which is the most", status_code=409)

    def test_is_offered_only_with_a_filter(self, client, manager):
        make_lead(is_unread=True)

        assertNotContains(client.get("/inbox/"), "Save this view")
        assertContains(client.get("/inbox/?status=unread"), "Save this view")


class TestOwnViews:
    @pytest.fixture
    def view(self, client, manager):
        save(client)
        return SavedView.objects.get()

    def test_are_listed_with_what_can_be_done(self, client, view):
        response = client.get("/inbox/views/")

        assertContains(response, "Rename Late ones")
        assertContains(response, "Remove Late ones")

    def test_are_renamed(self, client, view):
        assertRedirects(
            client.post(f"/inbox/views/{view.pk}/", {"name": "Mine, late"}),
            "/inbox/views/",
        )
        assert SavedView.objects.get().name == "Mine, late"

    def test_never_share_a_name(self, client, view):
        save(client, name="Other")

        response = client.post(f"/inbox/views/{view.pk}/", {"name": "Other"})

        assertContains(response, "another view called “Other”", status_code=409)

    def test_need_a_name(self, client, view):
        response = client.post(f"/inbox/views/{view.pk}/", {"name": " "})

        assertContains(response, "Give the view a name.", status_code=422)

    def test_are_removed(self, client, view):
        client.post(f"/inbox/views/{view.pk}/remove/")

        assert not SavedView.objects.exists()

    def test_are_seen_and_changed_by_nobody_else(self, client, view):
        client.force_login(make_user())

        assertNotContains(client.get("/inbox/"), "Late ones")
        for path in ("", "remove/"):
            response = client.post(f"/inbox/views/{view.pk}/{path}", {"name": "x"})
            assert response.status_code == 404
