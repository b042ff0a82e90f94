"""What operators see holds no key, token, mail, name or address: log, metrics, Sentry.

Random words stand for each of them in Smartlead, in the settings and in requests; then
pages, tasks, calls and webhooks work and break.
"""

import io
import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DataError
from django.utils import timezone
from django_q.tasks import async_task

from assignments import request_id
from assignments.models import (
    CalendarFeed,
    ChatChannel,
    Lead,
    OutgoingEndpoint,
    User,
)
from assignments.sandbox.faults import FaultKind
from assignments.services.notifications import chat_channels
from assignments.services.outgoing_webhooks import endpoints
from assignments.tasks import deliver_outgoing, send_chats
from dashboard.monitoring.error_reports import ErrorReports
from dashboard.monitoring.log_format import FORMATS
from tests.chat_server import ChatServer
from tests.dashboard.monitoring.collector import Collector, open_collector
from tests.factories import make_manager, make_team
from tests.trials import secret_search
from tests.trials.full_stack import FullStack
from tests.trials.test_key_secrecy import break_tasks, key, run, stack
from tests.webhook_receiver import Receiver, open_receiver

__all__ = ["key", "stack"]
# Loggers that write at INFO in production, and their levels here.
QUIET = {
    "dashboard.monitoring.request_log": logging.WARNING,
    "assignments": logging.NOTSET,
}
TOKEN = secrets.token_urlsafe(32)


@pytest.fixture
def planted(stack: FullStack, key: str) -> dict[str, str]:
    """What must not be seen, by what it is; all of it has come in from Smartlead."""
    words = {
        kind: f"{kind.capitalize()}{secrets.token_hex(10)}"
        for kind in ("first", "last", "company", "address", "body", "search", "note")
    }
    for map_id in sorted(stack.world.owners())[:5]:
        lead = stack.world.lead(map_id)
        lead.first_name, lead.last_name = words["first"], words["last"]
        lead.company = words["company"]
        lead.email = f"{words['address']}.{map_id}@example.com".lower()
        stack.world.add_reply(map_id, text=words["body"])
    tokens = {kind: secrets.token_hex(13) for kind in ("hook", "chat")}
    return {**words, **tokens, "key": key, "metrics": TOKEN}


@contextmanager
def watched(collector: Collector) -> Iterator[dict[str, io.StringIO]]:
    """Write the log in both formats, as in production, and report errors."""
    streams = {name: io.StringIO() for name in FORMATS}
    handlers: list[logging.Handler] = [ErrorReports(level=logging.ERROR)]
    for name, stream in streams.items():
        handler = logging.StreamHandler(stream)
        handler.setFormatter(FORMATS[name]())
        handlers.append(handler)
    for handler in handlers:
        logging.root.addHandler(handler)
    levels = {logging.getLogger(name): level for name, level in QUIET.items()}
    for logger in levels:
        logger.setLevel(logging.INFO)
    try:
        yield streams
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
        for handler in handlers:
            logging.root.removeHandler(handler)


def work_and_break(stack: FullStack, planted: dict[str, str], monkeypatch) -> None:
    run("sync", "--full")
    lead = Lead.objects.filter(email__startswith=planted["address"].lower()).first()
    assert lead is not None
    stack.browser.get(f"/inbox/?q={planted['search']}")
    for kind in (FaultKind.ERROR, FaultKind.TOO_MANY):
        stack.world.faults.next(kind, call="thread")
    note = {"member": stack.ben.pk, "note": planted["note"]}
    stack.browser.post(f"/leads/{lead.pk}/assign/", note)
    stack.dispatch()
    stack.browser.raise_request_exception = False

    def refused(*_: object, **__: object) -> None:
        raise DataError(f"value {lead} {lead.email} {planted['body']} is too long")

    with monkeypatch.context() as patch:
        patch.setattr("dashboard.inbox.lead_list.rows_of", refused)
        stack.browser.get(f"/inbox/?q={planted['search']}")
    with monkeypatch.context() as patch:
        patch.setattr("assignments.services.mirror.import_leads.save_row", refused)
        patch.setattr("assignments.services.routing.run.route_new_leads", refused)
        run("tick")
        run("sync", "--full")
    break_tasks(monkeypatch, lead)


def queue_tests(sara: User, channel: ChatChannel, endpoint: OutgoingEndpoint) -> None:
    now = timezone.now()
    chat_channels.test_channel(actor=sara, channel=channel, at=now)
    endpoints.send_test(actor=sara, endpoint=endpoint, at=now)


def tell_others(
    planted: dict[str, str], chat: ChatServer, receiver: Receiver, monkeypatch
) -> None:
    """Send to a chat channel and to an endpoint: in vain, in breaking, and well."""
    sara, now = make_manager("Sara Sends"), timezone.now()
    endpoint = endpoints.add_endpoint(
        actor=sara,
        url=f"{receiver.url}?token={planted['hook']}",
        kinds=["owner.changed"],
        description="Board",
        at=now,
    )
    planted["signing"] = endpoints.secret_of(actor=sara, endpoint=endpoint)
    receiver.secret = planted["signing"]
    address = chat.address_of(planted["chat"])
    channel = chat_channels.add_own_channel(
        actor=sara, address=address, name="", at=now
    )

    def refused(*sent: object, **_: object) -> None:
        raise DataError(f"{sent} {address} {endpoint.url} {planted['signing']}")

    for status in (500, 200):
        chat.status = receiver.status = status
        queue_tests(sara, channel, endpoint)
        OutgoingEndpoint.objects.update(not_before=None)
        send_chats()
        deliver_outgoing()
    with monkeypatch.context() as patch:
        patch.setattr("assignments.tasks.send_chat", refused)
        patch.setattr("assignments.webhook_sender.post", refused)
        queue_tests(sara, channel, endpoint)
        for name in ("send_chats", "deliver_outgoing"):
            async_task(f"assignments.tasks.{name}")
        break_tasks(monkeypatch, Lead.objects.first())


def subscribe(stack: FullStack, monkeypatch) -> str:
    """Read the calendar of a team, well and in breaking; return its token."""
    feed = CalendarFeed.objects.create(
        team=make_team(),
        token=secrets.token_urlsafe(32),
        created_by=make_manager(),
        created_at=timezone.now(),
    )
    address = f"/coverage/calendar/{feed.token}.ics"
    assert stack.browser.get(address).status_code == 200

    def refused(*_: object, **__: object) -> None:
        raise DataError(f"value {feed.token} is too long")

    with monkeypatch.context() as patch:
        patch.setattr("assignments.services.coverage.ical.render_feed", refused)
        assert stack.browser.get(address).status_code == 500
    return feed.token


def test_nothing_planted_is_seen_by_who_looks_after_it(
    stack, planted, settings, monkeypatch, chat
):
    settings.METRICS_TOKEN = TOKEN
    with (
        open_receiver() as receiver,
        open_collector(settings) as collector,
        watched(collector) as streams,
    ):
        work_and_break(stack, planted, monkeypatch)
        planted["feed"] = subscribe(stack, monkeypatch)
        tell_others(planted, chat, receiver, monkeypatch)
        reported = collector.text()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    metrics = stack.browser.get("/metrics", headers=bearer).content.decode()
    text, lines = streams["text"].getvalue(), streams["json"].getvalue()

    for where in (text, lines, reported, metrics):
        for word in planted.values():
            assert not secret_search.encodings_in(where, word)
    assert "DataError" in text
    assert "DataError" in reported
    assert "RuntimeError" in reported  # of a task
    for outcome in ("failed", "taken", "broken"):
        assert f"Chat channel {ChatChannel.objects.get().pk}: {outcome}" in text
    assert "Webhook endpoint" in text
    assert "handoff_smartlead_calls_total" in metrics
    for line in lines.splitlines():
        said = json.loads(line)
        assert request_id.is_well_formed(said.get("request_id", "of-no-request"))
