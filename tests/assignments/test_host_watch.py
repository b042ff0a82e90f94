from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from assignments import host_watch, processes
from assignments.host_watch import HostWatch
from assignments.models import HostPart, TaskLease
from assignments.task_broker import TaskBroker

pytestmark = pytest.mark.django_db


def make_watch(*parts: str) -> HostWatch:
    return HostWatch(parts, host="127.0.0.1", port=1, site_url="http://localhost")


def test_what_a_dead_worker_held_is_taken_over_at_once():
    ended = timezone.now() - timedelta(seconds=1)
    TaskLease.objects.create(name="sync", token="of-the-dead", until=ended)

    make_watch("worker")()

    assert TaskLease.objects.get().until is None
    assert OrmQ.objects.get().task["func"] == "assignments.tasks.tick"


def test_a_host_without_worker_takes_nothing_over():
    ended = timezone.now() - timedelta(seconds=1)
    TaskLease.objects.create(name="sync", token="of-the-dead", until=ended)

    make_watch("web")()

    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(("answers", "count"), [(True, 1), (False, 0)])
def test_the_web_part_is_alive_while_it_answers(monkeypatch, answers, count):
    monkeypatch.setattr(processes, "is_serving", lambda **_: answers)

    make_watch("web")()

    assert HostPart.objects.filter(part="web").count() == count


def test_a_database_that_is_away_ends_nothing(monkeypatch, caplog):
    def fail(**_: object) -> None:
        raise host_watch.DatabaseError("gone")

    monkeypatch.setattr(host_watch.task_leases, "free_abandoned_leases", fail)
    monkeypatch.setattr(host_watch.connection, "close", lambda: None)

    make_watch("worker")()

    assert "cannot be noted: gone" in caplog.text


@pytest.mark.django_db(transaction=True)
class TestBroker:
    def test_a_worker_that_asks_for_tasks_is_alive_and_takes_each_once(self):
        broker = TaskBroker(list_key="handoff")
        broker.enqueue("payload")

        taken = broker.dequeue()

        assert [payload for _, payload in taken or []] == ["payload"]
        assert broker.dequeue() is None
        assert HostPart.objects.get().part == "worker"
