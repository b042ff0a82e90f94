"""The mark that Handoff is being served from this database, and how it ended last."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.management import CommandError
from django.db import Error, connection
from django.utils import timezone

from assignments.models import Heartbeat
from assignments.services.operations.status import STOPPED
from assignments.services.task_leases import record_heartbeat


class AlreadyServed(CommandError):
    """Another `serve` or `demo` works on this SQLite file."""

    def __init__(self) -> None:
        super().__init__("Handoff already runs on this database. Stop it first.")


@contextmanager
def serving_mark() -> Iterator[None]:
    """Hold `serving_lock`; delete the heartbeat STOPPED at the start and record it at
    the end, also after an error. Raises AlreadyServed.

    A killed process records nothing. A database error at the end is ignored.
    """
    with serving_lock():
        Heartbeat.objects.filter(name=STOPPED).delete()
        try:
            yield
        finally:
            with suppress(Error):  # the database may be why we end
                record_heartbeat(STOPPED, at=timezone.now())


@contextmanager
def serving_lock() -> Iterator[None]:
    """Hold the lock file beside a SQLite database; do nothing for other databases and
    those in memory. Raises AlreadyServed if another process holds it.
    """
    path = _lock_file()
    if path is None:
        yield
        return
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServed from None
        yield


def _lock_file() -> Path | None:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name or "mode=memory" in name:
        return None
    return Path(f"{name}.lock")
