"""The sandbox's webhooks: registered, sent on, again on 5xx, and never elsewhere."""

import hmac
import json
import threading
from collections.abc import Iterator

import pytest

from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.server import serve_in_thread
from assignments.sandbox.webhook_delivery import RETRY_DELAYS
from tests.assignments.sandbox.http_caller import Clock, HttpCaller

HERE = "http://127.0.0.1:8000/webhooks/smartlead/x/"
SECRET = "a-secret-of-the-sandbox"


class Inbox:
    """Whoever is told; answers with these statuses, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [200]
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url, headers, body) -> int:
        self.got.append((url, dict(headers), body))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    @property
    def said(self) -> list[dict]:
        return [json.loads(body) for _, _, body in self.got]

    @property
    def types(self) -> list[str]:
        return [said["event_type"] for said in self.said]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock) -> Iterator[FakeSmartlead]:
    sandbox = FakeSmartlead(
        leads=20, limits=[(10_000, 60)], clock=clock, sleep=clock.sleep,
        webhook_secret=SECRET,
    )  # fmt: skip
    yield sandbox
    sandbox.close()


@pytest.fixture
def caller(sandbox) -> HttpCaller:
    return HttpCaller(sandbox)


def created(**fields) -> dict:
    return {
        "webhook_url": HERE,
        "association_type": 1,
        "event_type_map": {"EMAIL_REPLY": True, "LEAD_CATEGORY_UPDATED": True},
    } | fields


def reply(sandbox: FakeSmartlead) -> int:
    """To a lead whose category stays what it is."""
    lead = next(iter(sandbox.store.leads.values()))
    sandbox.add_reply(lead.map_id, text="Yes.")
    return lead.map_id


class TestManaging:
    def test_create_answers_as_it_was_seen(self, caller):
        answer = caller.post("webhook/create", created()).json()

        assert answer == {"ok": True, "data": {"id": {"id": 901}}}
        assert caller.get("webhook/901").json()["data"]["webhook_url"] == HERE

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "https://127.0.0.1/",
            "ftp://localhost/",
            "x",
            "http://[",
        ],
    )
    def test_only_this_machine_may_be_named(self, caller, url):
        answer = caller.post("webhook/create", created(webhook_url=url))

        assert answer.status_code == 400

    def test_update_and_delete(self, caller, sandbox):
        caller.post("webhook/create", created())

        caller.http.put("webhook/update/901", json=created(name="New"))
        assert sandbox.store.hooks[901].name == "New"
        caller.http.delete("webhook/delete/901")

        assert caller.get("webhook/901").status_code == 404

    def test_those_of_a_campaign(self, caller, sandbox):
        path = f"campaigns/{next(iter(sandbox.store.campaigns))}/webhooks"
        body = {"name": "x", "webhook_url": HERE, "event_types": ["EMAIL_REPLY"]}

        assert caller.post(path, body | {"name": ""}).status_code == 400
        assert caller.post(path, body).status_code == 200
        assert [row["id"] for row in caller.get(path).json()] == [901]
        caller.http.request("DELETE", path, json={"id": 901})

        assert caller.get(path).json() == []


class TestDelivery:
    def test_a_reply_is_told_with_everything_that_was_seen(self, caller, sandbox):
        caller.post("webhook/create", created())
        map_id, inbox = reply(sandbox), Inbox()

        sandbox.webhook_sender.deliver_due(inbox)

        said = inbox.said[0]
        assert inbox.got[0][0] == HERE
        assert said["sl_email_lead_map_id"] == map_id
        assert said["secret_key"] == SECRET
        assert "Yes." in said["reply_message"]["html"]

    def test_a_new_category_is_told_with_the_whole_history(self, caller, sandbox):
        caller.post("webhook/create", created())
        lead, inbox = next(iter(sandbox.store.leads.values())), Inbox()
        lead.category_id = 1

        caller.patch(
            "master-inbox/update-category",
            {"email_lead_map_id": lead.map_id, "category_id": 5},
        )
        sandbox.webhook_sender.deliver_due(inbox)

        assert inbox.said[0]["lead_category"]["new_id"] == 5
        assert len(inbox.said[0]["history"]) == len(lead.messages)

    def test_a_hook_of_the_account_silences_the_others(self, caller, sandbox):
        lead = next(iter(sandbox.store.leads.values()))
        own = created(
            webhook_url="http://localhost:1/", association_type="campaign",
            email_campaign_id=lead.campaign_id,
        )  # fmt: skip
        caller.post("webhook/create", own)
        sandbox.add_reply(lead.map_id)
        caller.post("webhook/create", created())
        sandbox.add_reply(lead.map_id)
        inbox = Inbox()

        sandbox.webhook_sender.deliver_due(inbox)

        replies = [
            url
            for (url, _, _), type_ in zip(inbox.got, inbox.types, strict=True)
            if type_ == "EMAIL_REPLY"
        ]
        assert replies == ["http://localhost:1/", HERE]

    def test_a_signed_one_carries_a_mark_of_its_very_bytes(self, caller, sandbox):
        sandbox.set_behaviour(hook_signed=True)
        caller.post("webhook/create", created())
        reply(sandbox)
        inbox = Inbox()

        sandbox.webhook_sender.deliver_due(inbox)

        _, headers, body = inbox.got[0]
        mark = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        assert headers["x-smartlead-signature"] == f"sha256={mark}"

    def test_the_short_body_names_no_ids(self, caller, sandbox):
        sandbox.set_behaviour(hook_shape="short")
        caller.post("webhook/create", created())
        reply(sandbox)
        inbox = Inbox()

        sandbox.webhook_sender.deliver_due(inbox)

        assert not {"sl_email_lead_map_id", "campaign_id"} & set(inbox.said[0])

    def test_late_reversed_and_twice(self, caller, sandbox, clock):
        sandbox.set_behaviour(hook_delay=30, hook_order="reversed", hook_copies=2)
        caller.post("webhook/create", created())
        first = reply(sandbox)
        second = list(sandbox.store.leads)[1]
        sandbox.add_reply(second)
        inbox = Inbox()

        assert sandbox.webhook_sender.deliver_due(inbox) == 0
        clock.sleep(31)
        sandbox.webhook_sender.deliver_due(inbox)

        replies = [said for said in inbox.said if said["event_type"] == "EMAIL_REPLY"]
        ids = [said["sl_email_lead_map_id"] for said in replies]
        assert ids == [second, second, first, first]

    def test_5xx_is_tried_again_and_4xx_is_not(self, caller, sandbox, clock):
        caller.post("webhook/create", created(event_type_map={"EMAIL_REPLY": True}))
        reply(sandbox)
        failing = Inbox(503)

        for wait in (0, *RETRY_DELAYS, 99_999):
            clock.sleep(wait)
            sandbox.webhook_sender.deliver_due(failing)
        assert len(failing.got) == 1 + len(RETRY_DELAYS)
        reply(sandbox)
        refusing = Inbox(404)
        for wait in (0, *RETRY_DELAYS):
            clock.sleep(wait)
            sandbox.webhook_sender.deliver_due(refusing)

        assert len(refusing.got) == 1

    def test_nobody_there_is_tried_again(self, caller, sandbox, clock):
        caller.post(
            "webhook/create",
            created(
                webhook_url="http://127.0.0.1:1/", event_type_map={"EMAIL_REPLY": True}
            ),
        )
        reply(sandbox)

        sandbox.webhook_sender.deliver_due()
        clock.sleep(RETRY_DELAYS[0])

        assert sandbox.webhook_sender.deliver_due(Inbox()) == 1

    def test_without_a_hook_nothing_is_kept_for_sending(self, sandbox):
        reply(sandbox)

        assert sandbox.webhook_sender.deliver_due(Inbox()) == 0


def test_a_running_server_delivers_by_itself():
    """From one sandbox to another, which knows no such path and says so."""
    sandbox, told = FakeSmartlead(leads=5), FakeSmartlead(leads=5)
    with serve_in_thread(told) as there, serve_in_thread(sandbox):
        sandbox.register_webhook(
            f"{there.address}/hook", name="x", events=["EMAIL_REPLY"]
        )
        reply(sandbox)
        while not sandbox.webhook_sender.delivered:
            threading.Event().wait(0.01)

    assert sandbox.webhook_sender.delivered[0].statuses == [404]
