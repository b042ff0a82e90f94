"""What reaches Sentry, by what a fake one has received."""

import json
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Value
from queue import SimpleQueue
from typing import Any

import pytest
from django_q.worker import worker

from assignments import tasks
from assignments.models import Lead
from assignments.version import VERSION
from dashboard.monitoring.error_reports import ErrorReports
from tests.dashboard.monitoring.collector import open_collector, reporting_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def planted() -> dict[str, str]:
    """Random words that stand for what must not leave, by what they are."""
    kinds = ("key", "body", "name", "address", "search", "cookie", "token", "sql")
    return {kind: f"{kind}{secrets.token_hex(12)}" for kind in kinds}


@pytest.fixture
def collector(settings):
    with open_collector(settings) as collector, handler_on_root():
        yield collector


@contextmanager
def handler_on_root() -> Iterator[None]:
    handler = ErrorReports(level=logging.ERROR)
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)


def break_page(monkeypatch, planted: dict[str, str]) -> None:
    """Have the inbox break with everything secret around it."""

    def rows_of(*_: object, **__: object) -> None:
        body, name = planted["body"], planted["name"]
        local = {"key": planted["key"], "address": f"{planted['address']}@example.com"}
        try:
            Lead.objects.raw(
                "SELECT nothing FROM nowhere WHERE a = %s", [planted["sql"]]
            )[0]
        except Exception as error:
            error.add_note(planted["token"])
            raise ValueError(f"{body} of {name}: {local}") from error

    monkeypatch.setattr("dashboard.inbox.lead_list.rows_of", rows_of)


def events_of(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.startswith("{")]
    read = [json.loads(line) for line in lines]
    return [line for line in read if "exception" in line or "message" in line]


def test_an_error_in_a_page_leaves_with_class_and_place_alone(
    collector, client, manager, monkeypatch, planted
):
    break_page(monkeypatch, planted)
    client.raise_request_exception = False
    client.cookies["other"] = planted["cookie"]

    response = client.get(
        f"/inbox/?q={planted['search']}",
        headers={"X-Token": planted["token"], "User-Agent": planted["name"]},
    )

    received = collector.text()
    assert response.status_code == 500
    assert [kind for kind, word in planted.items() if word in received] == []
    [event] = events_of(received)
    values = event["exception"]["values"]
    assert values[-1]["type"] == "ValueError"
    assert values[-1]["stacktrace"]["frames"][-1]["function"] == "rows_of"
    assert event["tags"]["page"] == "inbox"
    assert event["tags"]["request_id"] == response["X-Request-ID"]
    assert event["release"] == f"handoff@{VERSION}"
    assert not {"user", "request", "server_name", "breadcrumbs", "contexts"} & set(
        event
    )
    assert manager.get_username() not in received


def test_an_error_of_a_task_leaves_the_same_way(collector, monkeypatch, planted):
    def broken(*_: object) -> None:
        raise KeyError(planted["name"])

    monkeypatch.setattr(tasks, "sync", broken)
    monkeypatch.setattr("django_q.worker.close_old_django_connections", lambda: None)

    run_task({"request_id": "of-the-request-1"})

    received = collector.text()
    [event] = events_of(received)
    assert planted["name"] not in received
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert event["tags"]["task"] == "sync"
    assert event["tags"]["request_id"] == "of-the-request-1"


def run_task(more: dict[str, str]) -> None:
    todo, done = SimpleQueue[Any](), SimpleQueue[Any]()
    task = {"id": "1", "name": "one", "func": "assignments.tasks.sync"}
    todo.put({**task, "args": (), "kwargs": {}, **more})
    todo.put("STOP")
    worker(todo, done, Value("f", -1.0), timeout=None)


def test_an_error_without_an_exception_leaves_without_its_words(collector, planted):
    logging.getLogger("assignments.trial").error("%s wrote", planted["name"])
    logging.getLogger("assignments.trial").error(f"{planted['body']}")

    received = collector.text()
    assert len(events_of(received)) == 2
    assert not {word for word in planted.values() if word in received}


def test_warnings_stay_here(collector):
    logging.getLogger("assignments.trial").warning("Look at this.")

    assert collector.text() == ""


def test_a_sentry_that_is_down_holds_nothing_up(settings):
    with reporting_to("http://public@127.0.0.1:9/1", settings), handler_on_root():
        began = time.monotonic()
        for _ in range(300):
            logging.getLogger("assignments.trial").error("It broke.")

        assert time.monotonic() - began < 3


def test_without_a_dsn_nothing_is_connected(settings):
    import sentry_sdk

    assert settings.SENTRY_DSN == ""
    assert not sentry_sdk.get_client().is_active()
