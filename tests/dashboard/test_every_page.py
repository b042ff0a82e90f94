"""What holds for every page: login, a strict policy, nothing inline."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from assignments.models import LookupTable
from assignments.services.operations.tick import tick
from dashboard.coverage.views_actions import ACTS
from dashboard.urls import public
from tests.factories import (
    make_assignment,
    make_batch,
    make_campaign,
    make_category,
    make_coverage,
    make_delivery,
    make_feed,
    make_hold,
    make_lead,
    make_mail,
    make_message,
    make_notification,
    make_plan,
    make_rule,
    make_target,
    make_team,
)

OURS = [
    "today", "inbox", "history", "system", "team", "add_member", "settings", "teams",
    "users",
    "me", "password", "notifications", "start", "batches", "mappings", "coverage",
    "plan_coverage", "routing", "new_rule", "try_rules", "review", "new_target",
    "default_hours", "notification_settings", "performance",
    "rebalance", "webhooks", "palette", "outgoing_webhooks", "new_endpoint",
]  # fmt: skip


@pytest.fixture
def pages(manager, ana, ben) -> list[str]:
    lead = make_lead(
        owner=ana,
        campaign=make_campaign(),
        category=make_category(),
        custom_fields={"size": "<b>9</b>"},
    )
    at = timezone.now()
    make_assignment(lead, ben, state="refused", finished_at=at, outcome="No.")
    make_assignment(make_lead(owner=ana), ben, created_at=at)
    make_message(lead, "<p style='color:red'>x</p>")
    make_notification(manager, "<b>3</b> leads", text="<p style='x'>Lena</p>")
    make_mail(outcome="<b>No.</b>")
    return [
        *(reverse(name) for name in OURS),
        reverse("endpoint", args=[make_delivery(outcome="<b>No.</b>").endpoint_id]),
        *pages_of_many_leads(manager, ana, ben),
        *pages_of_routing(ana, ben),
        *pages_of_coverage(ana, ben),
        f"/leads/{lead.pk}/",
        f"/leads/{lead.pk}/assign/",
        f"/team/{ana.pk}/",
        f"/team/{ana.pk}/hours/",
        f"/settings/targets/{make_target().pk}/",
        f"/settings/teams/{make_team().pk}/",
        f"/settings/users/{manager.pk}/",
        "/settings/single-sign-on/",
        "/inbox/?owner=abc",
        "/nowhere/",
    ]


def pages_of_many_leads(manager, ana, ben) -> list[str]:
    lead = make_lead(owner=ana)
    batch = make_batch([lead], ben, actor=manager)
    table = LookupTable.objects.create(name="T", kind="territory", attribute="location")
    table.lines.create(value="DE", key="de", member=ana)
    asked = f"filter=&strategy=least_busy&member={ana.pk}&member={ben.pk}"
    plan = make_plan(
        [make_lead()], ana, ben,
        strategy="least_busy", actor=manager, wish={"query": asked},
    )  # fmt: skip
    return [
        f"/team/{ana.pk}/leaving/",
        f"/assign/?lead={lead.pk}",
        f"/assign/?plan={plan.pk}",
        f"/batches/{batch.pk}/",
        f"/batches/{batch.pk}/undo/",
        f"/settings/mappings/{table.pk}/",
    ]


def pages_of_routing(ana, ben) -> list[str]:
    at = timezone.now()
    routed, rule = make_lead(), make_rule(ana, ben, top_level_domain=["com"])
    make_rule(ben, mode="suggest")
    make_lead(email="x@y.de", last_reply_at=at)
    tick(at=at)
    return [
        f"/routing/{rule.pk}/",
        f"/routing/try/?lead={routed.pk}",
        "/routing/try/?weeks=1",
        "/routing/try/?lead=x",
    ]


def pages_of_coverage(ana, ben) -> list[str]:
    running = make_coverage(ana, ben, state="active")
    make_hold(running, make_lead(owner=ben))
    proposed = make_coverage(ben, ana, state="proposed")
    return [
        *(f"/coverage/{one.pk}/" for one in (running, proposed)),
        f"/coverage/{running.pk}/certificate/",
        *(f"/coverage/{running.pk}/{act}/" for act in ACTS),
        "/coverage/?from=soon",
    ]


class Inline(HTMLParser):
    """Collects what a strict policy forbids, and ids that stand twice."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()
        self._inside = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._inside = tag
        for name in given:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.found.append(f"{tag} {name}")
        if tag == "style" or "js:" in str(given.get("hx-vals", "")):
            self.found.append(tag)
        if (name := given.get("id")) in self.ids:
            self.found.append(f"id {name} twice")
        self.ids.add(given.get("id") or f"#{len(self.ids)}")

    def handle_data(self, data):
        if self._inside == "script" and data.strip():
            self.found.append("inline script")

    def handle_endtag(self, tag):
        self._inside = ""


def test_pages_hold_nothing_inline_and_send_a_strict_policy(client, pages):
    for page in pages:
        response = client.get(page)
        parser = Inline()
        parser.feed(response.content.decode())
        policy = response["Content-Security-Policy"]

        assert parser.found == [], page
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_nothing_broke_on_the_way(client, pages):
    statuses = {page: client.get(page).status_code for page in pages}

    assert set(statuses.values()) == {200, 400, 404}, statuses


def test_only_the_listed_pages_open_without_login(client, db):
    make_feed(token="1")  # the other address that needs no login
    opened = {
        path
        for path in _paths(get_resolver())
        if client.get(f"/{path}").status_code == 200
    }

    # It takes POST, and shows nothing without the right address.
    shut = {"webhooks/smartlead/1/"}
    # Only what is in the link shows more than that it has ended.
    links = ("accounts/invitation/", "accounts/password/reset/")
    for link in (*links, "accounts/address/confirm/"):
        shut |= {link, f"{link}1/1/"}
    # These lead to the sign-in page, or take POST.
    shut |= {f"accounts/{what}/" for what in ("logout", "login/code", "login/passkey")}
    # Only with a provider, whose answers are signed.
    shut |= {f"accounts/oidc/{end}/" for end in ("login", "callback", "logout")}
    assert opened == set(_filled(str(entry.pattern) for entry in public)) - shut


def test_a_sentence_comes_with_every_error(client, manager):
    for path in ("/nowhere/", "/leads/1/", "/inbox/?owner=x"):
        assert b"data-sentence" in client.get(path).content


def test_a_broken_page_says_so_without_its_insides(client, manager, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("dashboard.inbox.lead_list.rows_of", None)

    response = client.get("/inbox/")

    assert response.status_code == 500
    assert b"Something broke inside Handoff." in response.content
    assert b"Traceback" not in response.content


def test_history_is_read_only_in_the_admin(admin_client):
    for model in ("assignment", "batch", "note"):
        assert admin_client.get(f"/admin/assignments/{model}/").status_code == 200
        assert admin_client.get(f"/admin/assignments/{model}/add/").status_code == 403


def _paths(resolver: URLResolver, prefix: str = "") -> list[str]:
    """Every address without a part to fill in, and with 1 where there is one."""
    found = []
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found.append(path)
        elif not path.startswith("admin"):
            found += _paths(entry, path)
    return [path for path in _filled(found) if "<" not in path]


def _filled(paths: Iterable[str]) -> list[str]:
    return [
        re.sub("<(int:map_id|int:pk|slug:key|slug:token|str:token)>", "1", path)
        for path in paths
    ]
