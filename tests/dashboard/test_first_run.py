"""A new installation: nothing is wrong before anybody typed anything."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Account, Heartbeat, User
from tests.factories import make_member

FORMS = (
    "start", "settings", "default_hours", "new_target", "teams", "mappings", "webhooks",
    "users", "invite", "add_member", "team", "rebalance", "performance", "routing",
    "new_rule", "try_rules", "coverage", "plan_coverage", "assign_many", "inbox",
    "history", "batches", "review", "system", "notifications", "me", "password",
    "notification_settings", "saved_views",
)  # fmt: skip
ERRORS = ('class="errorlist"', 'aria-invalid="true"', 'class="note bad"')


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("has_members", [False, True])
def test_no_form_is_red_before_anything_was_typed(
    client, manager, name, *, has_members
):
    if has_members:
        make_member("Ana Sousa")

    page = client.get(reverse(name)).content.decode()
    page, *_ = page.partition('<dialog id="help"')  # which explains the red words

    assert [error for error in ERRORS if error in page] == []
    assert 'class="bad"' not in page


@pytest.mark.usefixtures("db")
class TestSignIn:
    def test_says_that_nobody_can_sign_in_yet(self, client):
        page = client.get("/accounts/login/")

        assertContains(page, "No login exists yet")
        assertContains(page, "manage.py setup")

    def test_reveals_nothing_once_a_login_exists(self, client):
        User.objects.create_user("sara", is_active=False)

        assertNotContains(client.get("/accounts/login/"), "No login exists yet")


class TestSmartlead:
    """First steps and System say the same about Smartlead as the rows below them."""

    @pytest.mark.parametrize("path", ["/start/", "/system/"])
    def test_does_not_answer_before_it_was_asked(self, client, manager, path):
        page = client.get(path)

        assertContains(page, "not asked yet")
        assertNotContains(page, "It takes our calls.")

    @pytest.mark.parametrize("path", ["/start/", "/system/"])
    def test_is_not_said_to_answer_while_nobody_asks(self, client, manager, path):
        Account.objects.update(bound_at="2026-05-11T09:00Z")
        Heartbeat.objects.all().delete()

        page = client.get(path)

        assertContains(page, "the worker is silent" if "start" in path else "silent")
        assertNotContains(page, "It takes our calls.")
