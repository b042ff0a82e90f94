"""The team's pages over 100,000 leads: the team, rebalancing it, the review."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Lead, Member, SavedPlan, User
from assignments.services.insights import weekly_review
from assignments.services.task_leases import record_heartbeat
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure
from tests.benchmarks.generated_leads import fill_database

LEADS = 100_000
ROUNDS = 5
LONGEST_PAGE, LONGEST_PREVIEW, LONGEST_WEEK = 800, 5_000, 3_000  # ms
PAGES = ("/team/", "/team/?sort=oldest", "/team/rebalance/", "/review/")


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    call_command("migrate", interactive=False, verbosity=0)
    user = User.objects.create_user("sara", is_sales_manager=True)
    fill_database(leads=LEADS, user=user)
    record_heartbeat("worker", at=timezone.now())
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    for page in PAGES:
        yield _page_figure(browser, page, label)
    yield _rebalance_preview(browser, label)
    yield _weekly_review(label)


def _page_figure(browser: Browser, page: str, label: str) -> Figure:
    browser.get(page)
    best = min(_milliseconds(browser, page) for _ in range(ROUNDS))
    return Figure(name=f"{label}: {page}", value=best, unit="ms", at_most=LONGEST_PAGE)


def _milliseconds(browser: Browser, page: str) -> float:
    started = time.perf_counter()
    response = browser.get(page)
    if response.status_code != 200:
        raise RuntimeError(f"{page} answers {response.status_code}.")
    return 1000 * (time.perf_counter() - started)


def _rebalance_preview(browser: Browser, label: str) -> Figure:
    """Preview a rebalance where one member has the leads of two."""
    giver, other, *_ = Member.objects.order_by("pk")
    Lead.objects.filter(owner=other).update(owner=giver)
    started = time.perf_counter()
    response = browser.post("/team/rebalance/", {"live": "on"})
    taken = 1000 * (time.perf_counter() - started)
    if response.status_code != 302 or not SavedPlan.objects.latest("pk").moving:
        raise RuntimeError("The preview moves nothing.")
    return Figure(
        name=f"{label}: preview of levelling",
        value=taken,
        unit="ms",
        at_most=LONGEST_PREVIEW,
    )


def _weekly_review(label: str) -> Figure:
    """Compute the weekly review of one reader, with every section counted to its end."""
    started = time.perf_counter()
    weekly_review.send_weekly_reviews(at=timezone.now() + timedelta(days=7))
    return Figure(
        name=f"{label}: weekly review of one reader",
        value=1000 * (time.perf_counter() - started),
        unit="ms",
        at_most=LONGEST_WEEK,
    )
