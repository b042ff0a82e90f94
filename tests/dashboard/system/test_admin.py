"""The admin reads, for staff; it writes nothing, and for others it is not there."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import User
from tests.factories import make_assignment, make_lead, make_manager, make_user

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|SELECT .* FOR UPDATE)", re.IGNORECASE)
# What a form of the admin would send to add, change, delete or act.
ORDERS = (
    {"post": "yes"},
    {"action": "delete_selected", "_selected_action": "1", "post": "yes"},
    {"action": "resubmit_task", "_selected_action": "1"},
    {"func": "os.system", "args": "'true'", "schedule_type": "O", "_save": "Save"},
    {"username": "evil", "password1": "x", "is_superuser": "on", "_saveasnew": "1"},
)


@pytest.fixture
def staff(client) -> User:
    """Everything that an administrator may be, signed in."""
    user = make_user("Ada Admin", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def failed() -> Task:
    at = timezone.now()
    return Task.objects.create(
        id="1", name="broken", func="assignments.tasks.tick", args=(1,), kwargs={},
        started=at, stopped=at, success=False, result="Traceback: it broke",
    )  # fmt: skip


def addresses() -> list[str]:
    """Every address of the admin, with 1 where there is something to fill in."""

    def walk(patterns, prefix: str) -> list[str]:
        found = []
        for entry in patterns:
            path = prefix + str(entry.pattern)
            if isinstance(entry, URLPattern):
                found.append(path)
            else:
                found += walk(entry.url_patterns, path)
        return found

    every = [
        path for path in walk(get_resolver().url_patterns, "/") if "admin/" in path
    ]
    filled = [re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)", "1", path) for path in every]
    return sorted({re.sub(r"[\^$]", "", path) for path in filled})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("staff", "failed")
def test_no_address_writes_by_any_method(client, ana, method):
    make_assignment(make_lead(owner=ana), ana, id=1)
    assert Schedule.objects.exists()
    orders = ORDERS if method in {"post", "put", "patch"} else ({},)

    with CaptureQueriesContext(connection) as queries:
        for path in addresses():
            if path != "/admin/logout/":
                for order in orders:
                    answer = getattr(client, method)(path, order)
                    assert answer.status_code < 500, path

    assert [query["sql"] for query in queries if WRITES.match(query["sql"])] == []


def test_the_walk_meets_the_pages_of_each_model():
    assert "/admin/django_q/failure/1/delete/" in addresses()
    assert "/admin/assignments/assignment/1/change/" in addresses()


def test_only_our_own_read_only_pages_are_registered():
    known = admin.site._registry

    assert all(page.is_read_only and page.actions is None for page in known.values())
    for model in (Schedule, Success, OrmQ, Group, Permission, User):
        assert model not in known


def test_failed_tasks_can_be_read_and_not_sent_again(client, staff, failed):
    assertContains(client.get("/admin/django_q/failure/"), "broken")
    page = client.get("/admin/django_q/failure/1/change/")

    assertContains(page, "Traceback: it broke")
    assertNotContains(client.get("/admin/django_q/failure/"), "Resubmit")
    assert Failure.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    ["/admin/", "/admin/django_q/failure/", "/admin/logins/", "/admin/jsi18n/"],
)
class TestForOthers:
    def test_it_is_not_there_without_login(self, client, db, path):
        assert client.get(path).status_code == 404

    def test_it_is_not_there_for_people_who_are_no_staff(self, client, stranger, path):
        assert client.get(path).status_code == 404

    def test_it_is_not_there_for_sales_managers_who_are_no_staff(
        self, client, db, path
    ):
        client.force_login(make_manager())

        assert client.get(path).status_code == 404


class TestTheDoor:
    def test_of_the_admin_is_ours_and_leads_staff_back(self, client, db):
        make_user("Ada", username="ada", is_staff=True, is_superuser=True)
        address = client.get("/admin/login/")["Location"]
        data = {"username": "ada", "password": "correct horse", "next": "/admin/"}

        assert address == "/accounts/login/?next=/admin/"
        assertRedirects(client.post("/accounts/login/", data), "/admin/")

    def test_never_leads_in_circles(self, client, stranger):
        response = client.get("/admin/login/?next=/admin/login/", follow=True)

        assert response.status_code == 404
        assert len(response.redirect_chain) == 2

    def test_changing_the_password_is_where_guesses_count(self, client, staff):
        response = client.get("/admin/password_change/")

        assertRedirects(response, "/accounts/password/")

    def test_signing_out_of_the_admin_signs_out(self, client, staff):
        assertRedirects(client.post("/admin/logout/"), "/accounts/login/")
        assert client.get("/inbox/").status_code == 302
