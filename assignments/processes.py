"""The long-running parts of Handoff, as the supervisor starts them.

The API key reaches them through the environment, never through their arguments.
"""

import http.client
import logging
import math
import os
import socket
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.db import DatabaseError, InterfaceError, connection
from django_q.tasks import async_task

from assignments import database_clock
from assignments.models import Heartbeat, HostPart
from assignments.services.operations import host_parts
from assignments.supervisor import ManagedProcess

logger = logging.getLogger(__name__)

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104
PORTS_TO_TRY = 50
SHARED_MEMORY = "/dev/shm"  # noqa: S108
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's name for it


def manage_command(*arguments: str) -> list[str]:
    """Return the command line that runs manage.py with these arguments."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def web_process(
    *,
    host: str,
    port: int,
    workers: int = 2,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> ManagedProcess:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # No access log of gunicorn's: what people search for is in the addresses of the inbox.
    command = [sys.executable, "-m", "gunicorn", "dashboard.wsgi", "--bind", bind]
    command += ["--worker-class", "dashboard.server.web_server.BufferingWorker"]
    command += ["--workers", str(workers), "--threads", "12", "--no-control-socket"]
    command += ["--graceful-timeout", "8", "--chdir", str(settings.BASE_DIR)]
    command += ["--config", "python:dashboard.monitoring.gunicorn_hooks"]
    environment = _environment_of_web(
        os.environ if environment is None else environment
    )
    return ManagedProcess(name="web", command=command, environment=environment, log=log)


def _environment_of_web(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the folder in which web processes count requests.

    It is a new one that goes with this process, unless METRICS_FOLDER is in there. The
    project is on the path, as gunicorn reads its settings before it changes the folder.
    """
    paths = filter(None, (str(settings.BASE_DIR), environment.get("PYTHONPATH")))
    return {
        METRICS_FOLDER: _metrics_folder().name,
        **environment,
        "PYTHONPATH": os.pathsep.join(paths),
    }


@cache
def _metrics_folder() -> TemporaryDirectory[str]:
    # In memory if there is such a place: what is counted must not end with a full disk.
    memory = os.access(SHARED_MEMORY, os.W_OK)
    where = SHARED_MEMORY if memory else None
    return TemporaryDirectory(prefix="handoff-metrics-", dir=where)


def worker_process(
    *, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> ManagedProcess:
    return ManagedProcess(
        name="worker",
        command=manage_command("qcluster"),
        environment=environment,
        log=log,
        quiet_for=seconds_since_worker_heartbeat,
        stale_after=settings.HEARTBEAT_STALE,
    )


def sandbox_process(
    *, port: int, state: Path, site: str, environment: Mapping[str, str], log: Path
) -> ManagedProcess:
    arguments = ("--port", str(port), "--state", str(state), "--life", "40")
    command = manage_command("sandbox", *arguments, "--own-key", "--hook", site)
    return ManagedProcess(
        name="sandbox", command=command, environment=environment, log=log
    )


def seconds_since_worker_heartbeat() -> float:
    """Return the seconds since this host's worker last took or did work; infinity if it
    never has.

    It is also silent as long as no worker of any host does the minute's work. 0 if the
    database cannot be read, so that nothing is restarted for that: a warning is logged
    and the connection closed.
    """
    try:
        done = Heartbeat.objects.filter(name=HostPart.Part.WORKER).first()
        seen_at = host_parts.last_beat_here(HostPart.Part.WORKER)
        now = database_clock.now()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The worker's heartbeat cannot be read: %s", error)
        connection.close()  # the next look opens a new one
        return 0.0
    if done is None or seen_at is None:
        return math.inf
    return (now - min(done.beat_at, seen_at)).total_seconds()


def wake_worker() -> None:
    """Queue a tick now: django-q2 looks at schedules only after 30 s."""
    async_task("assignments.tasks.tick")


def are_static_files_fresh() -> bool:
    """Return whether static files were collected after the newest change of a source."""
    collected = settings.STATIC_ROOT / "staticfiles.json"
    if not collected.is_file():
        return False
    newest = max(
        Path(storage.path(name)).stat().st_mtime
        for finder in get_finders()
        for name, storage in finder.list([])
    )
    return collected.stat().st_mtime > newest


def find_free_port(host: str, wanted: int) -> int:
    """Return the first port from `wanted` on that can be bound on `host`.

    PORTS_TO_TRY ports are tried. Raises OSError if none of them is free.
    """
    for port in range(wanted, wanted + PORTS_TO_TRY):
        if _is_free(host, port):
            return port
    raise OSError(f"No port from {wanted} to {port} is free.")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def is_serving(*, host: str, port: int, site_url: str, path: str = "/") -> bool:
    """Return whether a GET of `path` is answered with a status below 400 (time-out 5
    s).

    It is sent the way the proxy would send it, with the host and scheme of `site_url`;
    to 127.0.0.1 if `host` stands for all addresses. False if nobody answers.
    """
    site = urlsplit(site_url)
    reached = "127.0.0.1" if host in EVERYWHERE else host
    connection_to_site = http.client.HTTPConnection(reached, port, timeout=5)
    headers = {"Host": site.netloc, "X-Forwarded-Proto": site.scheme}
    try:
        connection_to_site.request("GET", path, headers=headers)
        return connection_to_site.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection_to_site.close()
