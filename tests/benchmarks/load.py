"""The dispatcher under load: how much of the limit it uses, and how long a click waits.

The sandbox counts what arrives, by its own sliding windows.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from assignments import processes
from assignments.models import Assignment, Lead
from assignments.supervisor import ManagedProcess, Supervisor
from tests.benchmarks.catalogue import CONFIGURED_LIMITS, Benchmark
from tests.benchmarks.clicks import Click, make_clicks
from tests.benchmarks.figures import Figure, percentile, print_progress
from tests.benchmarks.mirrored_database import (
    mirror_new_sandbox,
    queue_batch,
    session_cookies,
)

WORKERS = 4
SPARE_LEADS = 150  # not in the bulk act: those that are clicked
LATENCY, TAIL = 0.2, (0.01, 5.0)
ACTIVITY_INTERVAL = 40.0
WARM_UP = 60.0  # until the windows are as full as they will be
SHORTEST_PERIOD = 180.0
CLICK_MOST = 3.0
LEAST_USED = 97.0
HOST = "127.0.0.1"
WEB_PORT = 18_400
START_TIME = 30
SANDBOX_FILE = "sandbox.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPeriod:
    """Calls and clicks while everything ran evenly."""

    seconds: float
    calls: list[dict[str, Any]]
    clicks: list[Click]
    verdict: dict[str, Any]
    still_waiting: int


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    leads = int(1.4 * benchmark.rows) + SPARE_LEADS
    manager = mirror_new_sandbox(folder / SANDBOX_FILE, leads=leads)
    queue_batch(manager, rows=benchmark.rows)
    with Supervisor(say=print_progress, patience=2) as supervisor:
        site = _start_processes(supervisor, benchmark, folder)
        period = _measure_period(benchmark, site, session_cookies(manager))
    yield from _limit_figures(benchmark, period, label)
    yield from _click_figures(benchmark, period, label)


def _start_processes(supervisor: Supervisor, benchmark: Benchmark, folder: Path) -> str:
    """Start sandbox, web, dispatching workers and one that reads; return the web's
    address.
    """
    port = processes.find_free_port(HOST, WEB_PORT)
    supervisor.start(_sandbox(benchmark, folder))
    wait_until_serving(f"{_sandbox_address()}/_sandbox/verdict", folder / "sandbox.log")
    web = processes.web_process(
        host=HOST, port=port, environment=os.environ, log=folder / "web.log"
    )
    supervisor.start(web)
    wait_until_serving(f"http://{HOST}:{port}/healthz", folder / "web.log")
    for task in ("dispatch",) * WORKERS + ("sync",):
        supervisor.start(_worker(task, folder))
    return f"http://{HOST}:{port}"


def _sandbox(benchmark: Benchmark, folder: Path) -> ManagedProcess:
    share, seconds = TAIL
    words = ["--port", str(urlsplit(settings.SMARTLEAD_BASE_URL).port)]
    words += ["--state", str(folder / SANDBOX_FILE)]
    words += [
        "--rate",
        benchmark.scaled(benchmark.served),
        "--share",
        str(benchmark.other_share),
    ]
    words += ["--latency", str(LATENCY * benchmark.scale)]
    words += ["--tail", f"{share}:{seconds * benchmark.scale}"]
    words += ["--life", str(ACTIVITY_INTERVAL * benchmark.scale)]
    log = folder / "sandbox.log"
    command = processes.manage_command("sandbox", *words)
    return ManagedProcess(
        name="sandbox", command=command, environment=os.environ, log=log
    )


def _worker(task: str, folder: Path) -> ManagedProcess:
    command = [sys.executable, "-m", "tests.benchmarks.worker", task]
    log = folder / f"{task}.log"
    return ManagedProcess(name=task, command=command, environment=os.environ, log=log)


def _sandbox_address() -> str:
    return settings.SMARTLEAD_BASE_URL.removesuffix("/api/v1")


def wait_until_serving(url: str, log: Path) -> None:
    give_up_at = time.monotonic() + START_TIME
    while time.monotonic() < give_up_at:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer.\n{log.read_text()[-2000:]}")


def _measure_period(
    benchmark: Benchmark, site: str, cookies: dict[str, str]
) -> MeasuredPeriod:
    print_progress("Waiting until the windows of the limit are full.")
    time.sleep(WARM_UP * benchmark.scale)
    started = time.monotonic()
    print_progress(f"{benchmark.clicks} clicks.")
    spare = Lead.objects.filter(assignments=None).select_related("owner")
    leads = list(spare.filter(owner_known_at__isnull=False)[: benchmark.clicks])
    clicks = list(make_clicks(leads, site=site, cookies=cookies, scale=benchmark.scale))
    time.sleep(max(0.0, started + SHORTEST_PERIOD * benchmark.scale - time.monotonic()))
    ended = time.monotonic()
    with httpx.Client(base_url=_sandbox_address()) as sandbox:
        journal = sandbox.get("/_sandbox/journal").json()
        verdict = sandbox.get("/_sandbox/verdict").json()
    return MeasuredPeriod(
        seconds=ended - started,
        calls=[call for call in journal if _is_counted(call, started, ended)],
        clicks=clicks,
        verdict=verdict,
        still_waiting=Assignment.objects.waiting().count(),
    )


def _is_counted(entry: dict[str, Any], started: float, ended: float) -> bool:
    arrived: float = entry["arrived_mono"]
    return entry["source"] == "api" and started <= arrived < ended


def _limit_figures(
    benchmark: Benchmark, period: MeasuredPeriod, label: str
) -> Iterator[Figure]:
    """Count our calls by the sandbox's log; the other client's use the limit up as
    well.
    """
    print_progress(f"The sandbox counted {period.verdict}.")
    others = (
        benchmark.other_share
        * _calls_per_second(benchmark, benchmark.served)
        * period.seconds
    )
    may = _calls_per_second(benchmark, CONFIGURED_LIMITS) * period.seconds
    used = 100 * (len(period.calls) + others) / may
    refused = period.verdict["too_many"]
    yield Figure(name=f"{label}: 429s caused", value=refused, unit="calls", at_most=0)
    yield Figure(
        name=f"{label}: configured limit used",
        value=used,
        unit="%",
        at_least=LEAST_USED,
    )
    reads = sum(call["kind"] == "list" for call in period.calls)
    share = 100 * reads / max(1, len(period.calls))
    yield Figure(name=f"{label}: calls of the mirror", value=share, unit="%")
    waiting = period.still_waiting
    yield Figure(
        name=f"{label}: rows still waiting", value=waiting, unit="rows", at_least=1
    )


def _calls_per_second(
    benchmark: Benchmark, limits: tuple[tuple[int, float], ...]
) -> float:
    """Return the calls per second that the longest window allows."""
    calls, seconds = max(limits, key=lambda limit: limit[1])
    return calls / (seconds * benchmark.scale)


def _click_figures(
    benchmark: Benchmark, period: MeasuredPeriod, label: str
) -> Iterator[Figure]:
    """Measure from the POST of a click to the row that says done."""
    clicks = period.clicks
    done = sum(click.is_done for click in clicks)
    busy = 100 * sum(click.both_seats_taken for click in clicks) / len(clicks)
    waits = [click.seconds for click in clicks]
    for click in clicks:
        if not click.is_done or click.seconds > CLICK_MOST * benchmark.scale:
            _report_slow_click(click, period)
    yield Figure(
        name=f"{label}: clicks done", value=done, unit="clicks", at_least=len(clicks)
    )
    yield Figure(
        name=f"{label}: clicks with both seats taken", value=busy, unit="%", at_least=95
    )
    yield Figure(
        name=f"{label}: click to done, p95",
        value=percentile(waits, 0.95),
        unit="s",
        at_most=CLICK_MOST * benchmark.scale,
    )
    yield Figure(
        name=f"{label}: click to done, median", value=percentile(waits, 0.5), unit="s"
    )


def _report_slow_click(click: Click, period: MeasuredPeriod) -> None:
    """Print the calls of a slow click, as the sandbox saw them."""
    calls = [
        f"{call['kind']} at {call['arrived_mono'] - click.started:.2f} s "
        f"for {(call['ended_mono'] or inf) - call['arrived_mono']:.2f} s"
        for call in period.calls
        if call["map_id"] == click.map_id
    ]
    print_progress(
        f"{click.look} after {click.seconds:.2f} s; {', '.join(calls) or 'no call'}."
    )
