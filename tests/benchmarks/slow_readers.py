"""Pages while slow readers take exports of a long ledger from the production server."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import httpx
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from assignments import processes
from assignments.models import User
from assignments.services.task_leases import record_heartbeat
from assignments.supervisor import Supervisor
from tests.benchmarks import generated_history
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure, percentile, print_progress
from tests.benchmarks.generated_leads import fill_database
from tests.benchmarks.load import HOST, WEB_PORT, wait_until_serving
from tests.benchmarks.mirrored_database import session_cookies

LEADS = 30_000
GENERATIONS = 3
READERS = 8
BYTES_A_SECOND = 1_000
READING_SECONDS = 20
WRITING_SECONDS = 90  # more than an export may take
MOST_SECONDS = 1.0  # of a page, p95
MOST_LOG = 10.0  # MB; SQLite empties it at 4, if no long read is under way


@dataclass
class SlowExport:
    """A connection that reads an export slowly, and the first bytes of the answer."""

    connection: socket.socket
    head: bytes = b""

    def read_slowly(self, ended: Event) -> None:
        while not ended.wait(1):
            try:
                read = self.connection.recv(BYTES_A_SECOND)
            except OSError:
                return
            self.head = self.head or read


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    call_command("migrate", interactive=False, verbosity=0)
    users = [
        User.objects.create_user(f"manager{number}", is_sales_manager=True)
        for number in range(READERS + 1)
    ]
    fill_database(leads=LEADS, user=users[0])
    generated_history.fill_recent()
    for number in range(1, GENERATIONS + 1):
        generated_history.fill_generation(number)
    generated_history.refresh_statistics()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    record_heartbeat("worker", at=timezone.now())
    viewer, *readers = [session_cookies(user) for user in users]
    with Supervisor(say=print_progress, patience=2) as supervisor:
        port = processes.find_free_port(HOST, WEB_PORT)
        log = folder / "web.log"
        supervisor.start(
            processes.web_process(host=HOST, port=port, environment=os.environ, log=log)
        )
        wait_until_serving(f"http://{HOST}:{port}/healthz", log)
        yield from _figures(label, port, viewer, readers)


def _figures(
    label: str, port: int, viewer: dict[str, str], readers: list[dict[str, str]]
) -> Iterator[Figure]:
    yield from _pages(f"{label}: pages without readers", port, viewer, lambda: False)
    ended = Event()
    with ExitStack() as connections:
        exports = [
            SlowExport(
                connection=connections.enter_context(_request_export(port, reader))
            )
            for reader in readers
        ]
        for export in exports:
            Thread(target=export.read_slowly, args=(ended,), daemon=True).start()
        done = lambda: all(export.head for export in exports)  # noqa: E731
        name = f"{label}: pages while files are written"
        yield from _pages(name, port, viewer, done, seconds=WRITING_SECONDS)
        name = f"{label}: pages while files are read"
        yield from _pages(name, port, viewer, lambda: False, limit=MOST_SECONDS)
        log_size = _write_ahead_log_size()
        ended.set()
    begun = sum(export.head.startswith(b"HTTP/1.1 200") for export in exports)
    name = f"{label}: exports that began"
    yield Figure(name=name, value=begun, unit="exports", at_least=READERS)
    if log_size is not None:
        name = f"{label}: write-ahead log"
        yield Figure(name=name, value=log_size / 1e6, unit="MB", at_most=MOST_LOG)


def _pages(
    name: str,
    port: int,
    cookies: dict[str, str],
    is_over: Callable[[], bool],
    *,
    seconds: float = READING_SECONDS,
    limit: float | None = None,
) -> Iterator[Figure]:
    """Request one page after another, each after a write, as a worker would make them."""
    times: list[float] = []
    give_up_at = time.monotonic() + seconds
    pages = ("/inbox/", "/history/", "/team/", "/healthz")
    with httpx.Client(base_url=f"http://{HOST}:{port}", cookies=cookies) as client:
        while time.monotonic() < give_up_at and not (times and is_over()):
            record_heartbeat("worker", at=timezone.now())
            User.objects.update(last_login=timezone.now())
            started = time.perf_counter()
            answer = client.get(pages[len(times) % len(pages)], timeout=60)
            answer.raise_for_status()
            times.append(time.perf_counter() - started)
    p95 = percentile(times, 0.95)
    yield Figure(name=f"{name}, p95", value=p95, unit="s", at_most=limit)
    yield Figure(name=f"{name}, slowest", value=max(times), unit="s")


def _request_export(port: int, cookies: dict[str, str]) -> socket.socket:
    connection = socket.create_connection((HOST, port), timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
    head = (
        f"GET /history/export.csv HTTP/1.1\r\nHost: localhost\r\nCookie: {sent}\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


def _write_ahead_log_size() -> int | None:
    """Return the bytes of SQLite's write-ahead log; None on PostgreSQL."""
    if connection.vendor != "sqlite":
        return None
    return Path(f"{connection.settings_dict['NAME']}-wal").stat().st_size
