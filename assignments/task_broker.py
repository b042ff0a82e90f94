"""The queue of django-q2, by the database's clock, with a sign of life of each host.

The pusher of a cluster asks for tasks several times a second as long as its workers take
them; when all of them hang, it stops asking.
"""

import time
from datetime import datetime, timedelta

from django.db import transaction
from django_q.brokers.orm import ORM
from django_q.conf import Conf

from assignments import database_clock
from assignments.models import HostPart
from assignments.services.operations import host_parts

BEAT_EVERY = 15.0  # seconds


class TaskBroker(ORM):  # type: ignore[misc]
    """django-q2's broker for databases, with a heartbeat of this host's worker."""

    beat_due_at = 0.0  # monotonic seconds

    def timeout(self, task: object) -> datetime:
        return database_clock.now() + timedelta(seconds=Conf.RETRY)

    def enqueue(self, task: str) -> int:
        package = self.get_connection().create(
            key=self.list_key or Conf.CLUSTER_NAME,
            payload=task,
            lock=database_clock.now(),
        )
        return int(package.pk)

    def dequeue(self) -> list[tuple[int, str]] | None:
        """Return the next task as (id, payload), locked for us; None after a pause if
        there is none. Empty if another host was faster.
        """
        self._beat_if_due()
        waiting = self.get_connection().filter(
            key=self.list_key, lock__lt=database_clock.now()
        )
        if not (tasks := list(waiting[: Conf.BULK])):
            time.sleep(Conf.POLL)
            return None
        return [
            (task.pk, task.payload) for task in tasks if self._lock(task.pk, task.lock)
        ]

    def _lock(self, pk: int, lock: datetime) -> bool:
        row = self.get_connection().filter(id=pk, lock=lock)
        return bool(row.update(lock=self.timeout(None)))

    def _beat_if_due(self) -> None:
        if time.monotonic() < self.beat_due_at or not transaction.get_autocommit():
            return
        self.beat_due_at = time.monotonic() + BEAT_EVERY
        host_parts.record_beat(HostPart.Part.WORKER, at=database_clock.now())
