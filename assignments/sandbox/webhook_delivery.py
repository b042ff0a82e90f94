"""Send webhooks to the registered addresses, and again after a 5xx or no answer.

Nothing is sent while a call is answered: deliveries wait for `deliver_due`, which a
running server calls from a thread of its own and tests call themselves.
"""

import hmac
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assignments.sandbox import webhook_payloads
from assignments.sandbox.records import FakeCampaign, FakeLead, FakeMessage, FakeWebhook

if TYPE_CHECKING:
    from assignments.sandbox.fake_smartlead import FakeSmartlead

RETRY_DELAYS = (60.0, 300.0, 1800.0)  # seconds, on 5xx or no answer; then it has failed
TIMEOUT = 10.0
POLL_INTERVAL = 0.2
MAX_LOGGED = 1_000

type Post = Callable[[str, Mapping[str, str], bytes], int]


@dataclass(slots=True, kw_only=True)
class Delivery:
    url: str
    body: bytes
    headers: dict[str, str]
    due_at: float
    statuses: list[int] = field(default_factory=list)


class WebhookSender:
    def __init__(self, sandbox: "FakeSmartlead", *, secret: str) -> None:
        self._sandbox, self._secret = sandbox, secret
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._waiting: list[Delivery] = []
        self.delivered: list[Delivery] = []

    def queue_reply(self, lead: FakeLead, message: FakeMessage) -> None:
        self._queue_for_subscribers(
            "EMAIL_REPLY", lead, lambda: self._email_payload(lead, message)
        )

    def queue_sent_mail(self, lead: FakeLead, message: FakeMessage) -> None:
        self._queue_for_subscribers(
            "EMAIL_SENT", lead, lambda: self._email_payload(lead, message)
        )

    def queue_category_change(self, lead: FakeLead, before: int | None) -> None:
        if before == lead.category_id:
            return
        self._queue_for_subscribers(
            "LEAD_CATEGORY_UPDATED", lead, lambda: self._category_payload(lead, before)
        )

    def deliver_due(self, post: Post | None = None) -> int:
        """Send the deliveries that are due as queued, or in reverse by `hook_order`,
        and return how many that were, failed ones included.

        `post` returns a status, or 0 for no answer; None sends over HTTP. After 0 or a
        5xx a delivery waits for the next of RETRY_DELAYS; after the last, or any other
        status, it is put into `delivered`, which keeps the last MAX_LOGGED.
        """
        due = self._take_due()
        for delivery in due:
            status = (post or _http_post)(delivery.url, delivery.headers, delivery.body)
            delivery.statuses.append(status)
            self._record_attempt(delivery, is_done=0 < status < 500)
        return len(due)

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Deliver in a thread until the context ends, and then wait for the thread."""
        stop = threading.Event()
        thread = threading.Thread(target=self._work, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            self._awake.set()
            thread.join()

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._awake.wait(POLL_INTERVAL)
            self._awake.clear()
            self.deliver_due()

    def _email_payload(self, lead: FakeLead, message: FakeMessage) -> dict[str, Any]:
        is_short = self._sandbox.behaviour.hook_shape == "short"
        shape = (
            webhook_payloads.short_email_payload
            if is_short
            else webhook_payloads.email_payload
        )
        return shape(self._sandbox.store, lead, message)

    def _category_payload(self, lead: FakeLead, before: int | None) -> dict[str, Any]:
        at, number = self._sandbox.now(), next(self._numbers)
        store = self._sandbox.store
        return webhook_payloads.category_payload(
            store, lead, before, at=at, number=number
        )

    def _queue_for_subscribers(
        self, name: str, lead: FakeLead, payload: Callable[[], dict[str, Any]]
    ) -> None:
        for hook in self._subscribed_webhooks(name, lead):
            content = payload() | _webhook_fields(hook)
            if self._secret:
                content["secret_key"] = self._secret
            body = json.dumps(content).encode()
            for _ in range(int(self._sandbox.behaviour.hook_copies)):
                self._queue(hook, body)

    def _queue(self, hook: FakeWebhook, body: bytes) -> None:
        switches, number = self._sandbox.behaviour, next(self._numbers)
        headers = {"content-type": "application/json", "x-webhook-level": hook.level}
        if switches.hook_signed:
            signature = hmac.new(self._secret.encode(), body, "sha256").hexdigest()
            headers["x-smartlead-signature"] = f"sha256={signature}"
            headers["x-request-id"] = f"evt_{hook.id}_{number}"
        due_at = self._sandbox.now() + switches.hook_delay
        delivery = Delivery(url=hook.url, body=body, headers=headers, due_at=due_at)
        with self._lock:
            self._waiting.append(delivery)
        self._awake.set()

    def _subscribed_webhooks(self, name: str, lead: FakeLead) -> list[FakeWebhook]:
        """Return the webhooks that get this event: those of the whole account (level
        `user`), or, only if there are none, those of the lead's client and campaign.
        So does the server.
        """
        campaign = self._sandbox.store.campaigns[lead.campaign_id]
        hooks = self._sandbox.store.hooks.values()
        subscribed = [hook for hook in hooks if name in hook.events]
        account_wide = [hook for hook in subscribed if hook.level == "user"]
        return account_wide or [
            hook for hook in subscribed if _covers_campaign(hook, campaign)
        ]

    def _take_due(self) -> list[Delivery]:
        now = self._sandbox.now()
        with self._lock:
            due = [delivery for delivery in self._waiting if delivery.due_at <= now]
            self._waiting = [
                delivery for delivery in self._waiting if delivery.due_at > now
            ]
        is_reversed = self._sandbox.behaviour.hook_order == "reversed"
        return due[::-1] if is_reversed else due

    def _record_attempt(self, delivery: Delivery, *, is_done: bool) -> None:
        attempts = len(delivery.statuses)
        with self._lock:
            if is_done or attempts > len(RETRY_DELAYS):
                self.delivered = [*self.delivered, delivery][-MAX_LOGGED:]
            else:
                delivery.due_at = self._sandbox.now() + RETRY_DELAYS[attempts - 1]
                self._waiting.append(delivery)


def _webhook_fields(hook: FakeWebhook) -> dict[str, Any]:
    return {"webhook_id": hook.id, "webhook_name": hook.name, "webhook_url": hook.url}


def _covers_campaign(hook: FakeWebhook, campaign: FakeCampaign) -> bool:
    if hook.level == "client":
        return hook.client_id == campaign.client_id
    return hook.level == "campaign" and hook.campaign_id == campaign.id


def _http_post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """POST the body and return the status, or 0 if nothing answered within TIMEOUT.

    Redirects are not followed; the query of the address is left out.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("POST", parts.path, body=body, headers=dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
