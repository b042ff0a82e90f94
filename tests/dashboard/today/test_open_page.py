"""Today while it stays open, and as the page after signing in."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.dashboard.pages import htmx
from tests.factories import make_lead, make_team, make_user


class TestNews:
    def ask(self, client, seen: str):
        return client.get(f"/today/?seen={seen}", headers=htmx("today-news"))

    def test_an_open_page_hears_nothing_while_nothing_has_changed(
        self, client, manager, ana
    ):
        make_lead(owner=ana)
        seen = client.get("/today/").context["page"].seen

        assert self.ask(client, seen).status_code == 204

    def test_an_open_page_offers_what_has_changed_and_goes_on_asking(
        self, client, manager, ana
    ):
        make_lead(owner=ana)
        seen = client.get("/today/").context["page"].seen
        due = timezone.now() - timedelta(hours=1)
        make_lead(owner=ana, answer_owed=True, answer_due_at=due)

        answer = self.ask(client, seen)

        assertContains(answer, "Something has changed: show it")
        assertNotContains(answer, "<html")
        now = re.search(r"seen=(\w+)", unescape(answer.content.decode()))
        assert now
        assert now[1] != seen


class TestLanding:
    @pytest.mark.parametrize(
        ("role", "page"),
        [("manager", "today"), ("team lead", "today"), ("member", "inbox")],
    )
    def test_each_role_begins_where_its_work_is(self, client, role, page):
        user = make_user("Uma", username="uma", is_sales_manager=role == "manager")
        if role == "team lead":
            make_team(leads=(user,))
        said = {"username": "uma", "password": "correct horse"}

        assertRedirects(client.post("/accounts/login/", said), reverse(page))
        assertRedirects(client.get("/"), reverse(page))

    def test_a_page_that_was_asked_for_wins(self, client, db):
        make_user("Uma", username="uma", is_sales_manager=True)
        said = {"username": "uma", "password": "correct horse", "next": "/history/"}

        assertRedirects(client.post("/accounts/login/", said), "/history/")
