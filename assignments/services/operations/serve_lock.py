"""The mark that Handoff is being served from this database, and how it ended last."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.management import CommandError
from django.db import Error, connection

from assignments import database_clock
from assignments.models import Heartbeat, HostPart
from assignments.services.operations import host_parts
from assignments.services.operations.status import STOPPED
from assignments.services.task_leases import record_heartbeat


class AlreadyServed(CommandError):
    """Another `serve` or `demo` works on this SQLite file."""

    def __init__(self) -> None:
        super().__init__("Handoff already runs on this database. Stop it first.")


@contextmanager
def serving_mark(parts: Sequence[str] = tuple(HostPart.Part)) -> Iterator[None]:
    """Hold `serving_lock`; note at the start that this host runs these parts, and at the
    end, also after an error, that they were told to stop. Raises AlreadyServed.

    With the worker among them the heartbeat STOPPED is deleted and recorded. A killed
    process records nothing. A database error at the end is ignored.
    """
    has_worker = HostPart.Part.WORKER in parts
    with serving_lock():
        if has_worker:
            Heartbeat.objects.filter(name=STOPPED).delete()
        host_parts.record_start(parts, at=database_clock.now())
        try:
            yield
        finally:
            with suppress(Error):  # the database may be why we end
                host_parts.record_stop(parts, at=database_clock.now())
                if has_worker:
                    record_heartbeat(STOPPED, at=database_clock.now())


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
