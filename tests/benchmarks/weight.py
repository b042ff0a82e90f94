"""What the inbox costs a browser: bytes over the wire, and how soon it can be used.

The pages come from the production server with collected files; Chromium is slowed down
to a phone of the middle class on a mobile network.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from assignments import processes
from assignments.services.task_leases import record_heartbeat
from assignments.supervisor import Supervisor
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure, print_progress
from tests.benchmarks.load import HOST, WEB_PORT, wait_until_serving
from tests.benchmarks.mirrored_database import mirror_new_sandbox, session_cookies
from tests.browser import chromium

LEADS = 300
LOADS = 5
MOST_KILOBYTES = 60
MOST_CLS = 0.1  # between good and mediocre, by the Web Vitals
SLOW_NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOW_PROCESSOR = {"rate": 4}
COUNTED_KINDS = ("Document", "Stylesheet", "Script")
OBSERVERS = """
window.seen = {lcp: 0, cls: 0, events: []};
const watch = (type, note, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({type, buffered: true, ...more});
watch("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
watch("event", (entry) => { if (entry.interactionId) seen.events.push(entry.duration); },
  {durationThreshold: 16});
"""


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    user = mirror_new_sandbox(folder / "sandbox.sqlite3", leads=LEADS)
    with Supervisor(say=print_progress, patience=2) as supervisor:
        site = _start_web(supervisor, folder)
        cookies = [
            {"name": name, "value": value, "url": site}
            for name, value in session_cookies(user).items()
        ]
        # The database is left alone from here on: Playwright has a loop of its own.
        with sync_playwright() as playwright:
            browser = chromium.launch(playwright)
            yield from _size_figures(_new_context(browser, cookies), site, label)
            yield from _time_figures(browser, cookies, site, label)
            browser.close()


def _start_web(supervisor: Supervisor, folder: Path) -> str:
    """Start a web server as in production and return its address."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.production_settings",
        "COLLECTED": str(folder / "static"),
    }
    collect = processes.manage_command("collectstatic", "--noinput", "--verbosity", "0")
    subprocess.run(collect, env=environment, check=True)
    record_heartbeat("worker", at=timezone.now())
    port = processes.find_free_port(HOST, WEB_PORT)
    log = folder / "web.log"
    supervisor.start(
        processes.web_process(host=HOST, port=port, environment=environment, log=log)
    )
    wait_until_serving(f"http://{HOST}:{port}/healthz", log)
    return f"http://{HOST}:{port}"


def _new_context(browser: Browser, cookies: list[Any]) -> BrowserContext:
    """Open a signed-in browser without any cached file."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(cookies)
    context.add_init_script(OBSERVERS)
    return context


def _size_figures(context: BrowserContext, site: str, label: str) -> Iterator[Figure]:
    page = context.new_page()
    weights = _first_load_sizes(page, f"{site}/inbox/")
    rows = page.locator(".lrow").count()
    context.close()
    if not rows:
        raise RuntimeError("The inbox is empty: this would weigh nothing.")
    print_progress(
        f"{rows} rows; " + ", ".join(f"{kind} {size}" for kind, size in weights.items())
    )
    for kind in COUNTED_KINDS:
        name = f"{label}: {kind.lower()} of the first load"
        yield Figure(name=name, value=weights[kind] / 1000, unit="kB")
    total = sum(weights[kind] for kind in COUNTED_KINDS) / 1000
    name = f"{label}: first load of the inbox"
    yield Figure(name=name, value=total, unit="kB", at_most=MOST_KILOBYTES)


def _first_load_sizes(page: Page, url: str) -> Counter[str]:
    """Return the bytes over the wire, with headers, by kind of file."""
    kinds: dict[str, str] = {}
    weights: Counter[str] = Counter()
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on(
        "Network.responseReceived",
        lambda said: kinds.update({said["requestId"]: said["type"]}),
    )
    wire.on(
        "Network.loadingFinished",
        lambda said: weights.update(
            {kinds.get(said["requestId"], "Other"): int(said["encodedDataLength"])}
        ),
    )
    page.goto(url, wait_until="networkidle")
    return weights


def _time_figures(
    browser: Browser, cookies: list[Any], site: str, label: str
) -> Iterator[Figure]:
    """Yield medians of some first loads; of interactions, the slowest of each load."""
    seen = [
        _use_inbox(_new_context(browser, cookies), f"{site}/inbox/")
        for _ in range(LOADS)
    ]
    lcp = median(load["lcp"] for load in seen)
    cls = max(load["cls"] for load in seen)
    slowest = median(max(load["events"], default=0) for load in seen)
    yield Figure(name=f"{label}: layout shift", value=cls, unit="", at_most=MOST_CLS)
    # For information: these two say as much about the machine as about the page.
    yield Figure(name=f"{label}: largest contentful paint", value=lcp, unit="ms")
    yield Figure(
        name=f"{label}: slowest interaction, press to paint", value=slowest, unit="ms"
    )


def _use_inbox(context: BrowserContext, url: str) -> dict[str, Any]:
    """Load the inbox, move, select, open a lead and close it; return what was measured."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    wire.send("Emulation.setCPUThrottlingRate", SLOW_PROCESSOR)
    page.goto(url, wait_until="networkidle")
    for key in ("j", "j", "x", "j", "o"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.locator("#panel[data-lead]").wait_for()
    page.keyboard.press("Escape")
    page.locator(".lrow .who a").nth(5).click()
    page.wait_for_timeout(1000)
    seen: dict[str, Any] = page.evaluate("seen")
    context.close()
    return seen
