"""The preview of 20,000 leads: how long it takes and what it needs; its confirmation."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Member, SavedPlan, User
from assignments.services import writing
from tests.benchmarks.crowd import fill
from tests.benchmarks.figures import Figure
from tests.benchmarks.trials import Trial

LEADS = 20_000
STRATEGIES = ("member", "round_robin", "least_busy")
POOL = 8
LONGEST_PREVIEW, LONGEST_CONFIRMATION = 2.0, 1.0
MOST_MEGABYTES = 100


def measure(trial: Trial, *, label: str, folder: Path) -> Iterator[Figure]:
    call_command("migrate", interactive=False, verbosity=0)
    user = User.objects.create_user("sara", is_sales_manager=True)
    fill(leads=LEADS, user=user)
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    browser.get("/inbox/")  # what is loaded once is loaded
    for strategy in STRATEGIES:
        yield from _preview(browser, strategy, label)
    yield from _confirmation(browser, label)


def _preview(browser: Browser, strategy: str, label: str) -> Iterator[Figure]:
    pool = list(Member.objects.order_by("pk").values_list("pk", flat=True)[:POOL])
    members = pool[:1] if strategy == "member" else pool
    said = {"filter": "", "strategy": strategy, "member": members}
    before, started = _forget_peak(), time.perf_counter()
    response = browser.post("/assign/", said, follow=True)
    seconds, grown = time.perf_counter() - started, _memory("VmHWM") - before
    if response.status_code != 200 or not SavedPlan.objects.latest("pk").moving:
        raise RuntimeError(f"No preview: {response.status_code}.")
    yield Figure(
        name=f"{label}: preview, {strategy}",
        value=seconds,
        unit="s",
        at_most=LONGEST_PREVIEW,
    )
    yield Figure(
        name=f"{label}: memory, {strategy}",
        value=grown,
        unit="MB",
        at_most=MOST_MEGABYTES,
    )


def _confirmation(browser: Browser, label: str) -> Iterator[Figure]:
    plan = SavedPlan.objects.latest("pk")
    started = time.perf_counter()
    browser.post("/assign/", {"plan": plan.pk, "confirm": "1"})
    yield Figure(
        name=f"{label}: confirmation",
        value=time.perf_counter() - started,
        unit="s",
        at_most=LONGEST_CONFIRMATION,
    )
    while writing.write_chunk(plan=plan, at=timezone.now()):
        pass
    seconds = time.perf_counter() - started
    yield Figure(name=f"{label}: all rows written", value=seconds, unit="s")


def _forget_peak() -> float:
    """From now on the peak is counted anew; what the process has now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
