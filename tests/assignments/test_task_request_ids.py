"""One id through web, task and call to Smartlead."""

import logging
from multiprocessing import Value
from queue import SimpleQueue
from typing import Any

import pytest
from django_q.models import OrmQ
from django_q.tasks import async_task
from django_q.worker import worker

from assignments import request_id, tasks

pytestmark = pytest.mark.django_db
CALLS = "assignments.smartlead.call_record"


@pytest.fixture(autouse=True)
def _this_connection_stays(monkeypatch):
    monkeypatch.setattr("django_q.worker.close_old_django_connections", lambda: None)


def run_queued() -> None:
    todo, done = SimpleQueue[Any](), SimpleQueue[Any]()
    for queued in OrmQ.objects.all():
        todo.put(queued.task)
    todo.put("STOP")
    worker(todo, done, Value("f", -1.0), timeout=None)


@pytest.fixture
def seen(monkeypatch) -> list[str]:
    """The ids that the task found."""
    found: list[str] = []
    monkeypatch.setattr(tasks, "sync", lambda: found.append(request_id.current()))
    return found


def test_a_task_has_the_id_of_the_request_that_queued_it(seen):
    with request_id.set_to("of-a-request"):
        async_task("assignments.tasks.sync")

    run_queued()

    assert seen == ["of-a-request"]
    assert request_id.current() == ""


def test_a_task_that_nobody_asked_for_has_one_of_its_own(seen):
    async_task("assignments.tasks.sync")
    async_task("assignments.tasks.sync")

    run_queued()

    assert len(set(seen)) == 2
    assert all(map(request_id.is_well_formed, seen))


@pytest.mark.django_db(transaction=True)
def test_each_call_is_logged_with_it(world, caplog):
    with request_id.set_to("of-a-request"):
        async_task("assignments.tasks.sync")

    with caplog.at_level(logging.INFO, CALLS):
        run_queued()

    lines = [line for line in caplog.records if line.name == CALLS]
    assert lines
    assert {line.request_id for line in lines} == {"of-a-request"}
    first = lines[0]
    assert (first.status, first.attempt, first.outcome) == (200, 1, "2xx")
    assert not any("api_key" in line.getMessage() for line in lines)


def test_a_task_that_fails_is_logged_where_it_ran(monkeypatch, caplog):
    def broken() -> None:
        raise KeyError("Lena")

    monkeypatch.setattr(tasks, "sync", broken)
    async_task("assignments.tasks.sync")

    run_queued()

    [line] = [line for line in caplog.records if line.name == "assignments.task_errors"]
    assert line.task == "sync"
    assert "KeyError: (left out)" in line.exc_text
