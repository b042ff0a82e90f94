"""Handoff as `manage.py serve` runs it, on a database of its own, for a proxy before it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "handoff.example.com"
SECRET = "a-secret-of-the-tests-only"
PASSWORD = "a long enough sentence"
START_TIME = 90  # seconds; many tests may run at once

PREPARE = f"""
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from assignments.services.people.first_manager import create_manager
create_manager(username="mia", email="m@example.com", password={PASSWORD!r})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    port: int
    database: Path
    log: Path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until(is_true: Callable[[], bool], log: Path) -> None:
    give_up_at = time.monotonic() + START_TIME
    while not is_true():
        assert time.monotonic() < give_up_at, log.read_text()[-3000:]
        time.sleep(0.1)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command: list[str], environ: dict[str, str], log: Path) -> Iterator[None]:
    """Run a program; ask it to stop at the end, as systemd would."""
    with (
        log.open("ab") as file,
        subprocess.Popen(command, env=environ, stdout=file, stderr=file) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def serving(folder: Path) -> Iterator[Site]:
    site = Site(port=free_port(), database=folder / "h.sqlite3", log=folder / "log")
    environ = environment(site.database)
    subprocess.run(
        [sys.executable, "-c", PREPARE], cwd=ROOT, env=environ, check=True, timeout=120
    )
    serve = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(site.port)]
    with running(serve, environ, site.log):
        wait_until(lambda: listens(site.port), site.log)
        yield site


def environment(database: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "tests.deploy.settings",
        "SECRET_KEY": "only-for-tests-" + "abcdefghij" * 5,
        "SITE_URL": f"https://{HOST}",
        "DATABASE_URL": f"sqlite:///{database}",
        "SMARTLEAD_API_KEY": "sandbox-key",
        "SMARTLEAD_BASE_URL": "http://127.0.0.1:1/api/v1",
        "SMARTLEAD_WEBHOOK_SECRET": SECRET,
    }
