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

from assignments import request_id
from assignments.models import Lead
from assignments.sandbox.faults import FaultKind
from dashboard.monitoring.error_reports import ErrorReports
from dashboard.monitoring.log_format import FORMATS
from tests.dashboard.monitoring.collector import Collector, open_collector
from tests.trials import secret_search
from tests.trials.full_stack import FullStack
from tests.trials.test_key_secrecy import break_tasks, key, run, stack

__all__ = ["key", "stack"]
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
    return {**words, "key": key, "metrics": TOKEN}


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
    level = logging.getLogger("dashboard.monitoring.request_log")
    level.setLevel(logging.INFO)
    try:
        yield streams
    finally:
        level.setLevel(logging.WARNING)
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


def test_nothing_planted_is_seen_by_who_looks_after_it(
    stack, planted, settings, client, monkeypatch
):
    settings.METRICS_TOKEN = TOKEN
    with open_collector(settings) as collector, watched(collector) as streams:
        work_and_break(stack, planted, monkeypatch)
        reported = collector.text()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    metrics = client.get("/metrics", headers=bearer).content.decode()
    text, lines = streams["text"].getvalue(), streams["json"].getvalue()

    for where in (text, lines, reported, metrics):
        for word in planted.values():
            assert not secret_search.encodings_in(where, word)
    assert "DataError" in text
    assert "DataError" in reported
    assert "RuntimeError" in reported  # of a task
    assert "handoff_smartlead_calls_total" in metrics
    for line in lines.splitlines():
        said = json.loads(line)
        assert request_id.is_well_formed(said.get("request_id", "of-no-request"))
