"""Time and memory of the preview of 20,000 leads, its confirmation and its undo."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Assignment, Lead, Member, SavedPlan, User
from assignments.models.assignment import State, Urgency
from assignments.services.bulk import write_plan
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure
from tests.benchmarks.generated_leads import fill_database

LEADS = 20_000
STRATEGIES = ("member", "round_robin", "least_busy")  # the last is confirmed
POOL = 8
LONGEST_PREVIEW, LONGEST_CONFIRMATION = 2.0, 1.0
LONGEST_UNDO = 2.0
MOST_MEGABYTES = 100


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    call_command("migrate", interactive=False, verbosity=0)
    user = User.objects.create_user("sara", is_sales_manager=True)
    fill_database(leads=LEADS, user=user)
    Member.objects.update(capacity=LEADS)  # so that room is looked for
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    browser.get("/inbox/")  # what is loaded once is loaded
    for strategy in STRATEGIES:
        yield from _preview(browser, strategy, label)
    yield from _confirmation(browser, label)
    yield from _undo(browser, label)


def _preview(browser: Browser, strategy: str, label: str) -> Iterator[Figure]:
    pool = list(Member.objects.order_by("pk").values_list("pk", flat=True)[:POOL])
    members = pool[:1] if strategy == "member" else pool
    said = {"filter": "", "strategy": strategy, "member": members}
    yield from _request_figures(
        f"{label}: preview, {strategy}",
        lambda: browser.post("/assign/", said, follow=True),
        status=200,
        at_most=LONGEST_PREVIEW,
    )
    if not SavedPlan.objects.latest("pk").moving:
        raise RuntimeError("The preview moves nothing.")


def _request_figures(
    name: str, ask: Callable[[], HttpResponse], *, status: int, at_most: float
) -> Iterator[Figure]:
    """Yield the seconds of a request, and the megabytes by which the process grew."""
    before, started = _reset_peak_memory(), time.perf_counter()
    response = ask()
    seconds, grown = time.perf_counter() - started, _megabytes("VmHWM") - before
    if response.status_code != status:
        raise RuntimeError(f"{name}: answered with {response.status_code}.")
    yield Figure(name=name, value=seconds, unit="s", at_most=at_most)
    yield Figure(name=f"{name}, memory", value=grown, unit="MB", at_most=MOST_MEGABYTES)


def _confirmation(browser: Browser, label: str) -> Iterator[Figure]:
    plan = SavedPlan.objects.latest("pk")
    yield from _request_figures(
        f"{label}: confirmation",
        lambda: browser.post("/assign/", {"plan": plan.pk, "confirm": "1"}),
        status=302,
        at_most=LONGEST_CONFIRMATION,
    )
    started = time.perf_counter()
    while write_plan.write_chunk(plan=plan, at=timezone.now()):
        pass
    seconds = time.perf_counter() - started
    yield Figure(name=f"{label}: all rows written", value=seconds, unit="s")


def _undo(browser: Browser, label: str) -> Iterator[Figure]:
    """Undo a batch of which all rows were sent."""
    rows = Assignment.objects.waiting().filter(urgency=Urgency.BULK)
    last = rows.latest("pk")
    Lead.objects.filter(pk__in=rows.values("lead")).update(
        owner=last.to, owner_known_at=timezone.now()
    )
    rows.update(state=State.DONE, finished_at=timezone.now())
    page = f"/batches/{last.batch_id}/undo/"
    for name, ask, status in (
        ("looked at", browser.get, 200),
        ("done", browser.post, 302),
    ):
        yield from _request_figures(
            f"{label}: undo, {name}",
            lambda ask=ask: ask(page),  # type: ignore[misc]
            status=status,
            at_most=LONGEST_UNDO,
        )


def _reset_peak_memory() -> float:
    """Count the peak anew and return the present memory in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _megabytes("VmRSS")


def _megabytes(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
