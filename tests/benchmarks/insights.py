"""The pages of figures over 100,000 leads, with a short ledger and with a long one.

Each is measured by turns with the first page of the inbox, in the same process and
session, so that a busy machine hits both alike.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Assignment, Category, Member, Team, User
from assignments.sandbox.names import MEMBERS
from assignments.services.task_leases import record_heartbeat
from tests.benchmarks import generated_history
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure, print_progress
from tests.benchmarks.generated_leads import fill_database

LEADS = 100_000
GENERATIONS = 11
ROUNDS = 5
COMPARED_PAGE = "/inbox/"
# Ninety days hold 50,000 changes here; a table read through takes more than this.
MOST_RATIO = 15.0
MOST_GROWTH = 1.5


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    call_command("migrate", interactive=False, verbosity=0)
    user = User.objects.create_superuser("sara", is_sales_manager=True)
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    fill_database(leads=LEADS, user=user)
    Category.objects.filter(name="Interested").update(is_interested=True)
    generated_history.fill_recent()
    record_heartbeat("worker", at=timezone.now())
    pages = _pages()
    short = _best_times(browser, pages)
    for number in range(1, GENERATIONS + 1):
        generated_history.fill_generation(number)
        print_progress(f"Generation {number} of {GENERATIONS} is written.")
    generated_history.refresh_statistics()
    long = _best_times(browser, pages)
    for name in pages:
        yield from _figures(f"{label}: {name}", short[name], long[name])


def _pages() -> dict[str, str]:
    team = Team.objects.create(name="North")
    Member.objects.filter(pk__in=[pk for pk, _ in MEMBERS[:4]]).update(team=team)
    member, today = MEMBERS[3][0], timezone.localdate()
    week = f"from={today - timedelta(days=60)}&to={today - timedelta(days=54)}"
    return {
        "workload": "/team/",
        "review": "/review/",
        "notifications": "/notifications/",
        "team, this month": "/team/performance/?period=this_month",
        "team, last 90 days": "/team/performance/?period=last_90_days",
        "team, a week two months ago": f"/team/performance/?{week}",
        "one team, last 90 days": f"/team/performance/?period=last_90_days&team={team.pk}",
        "member, this month": f"/team/{member}/",
        "member, last 90 days": f"/team/{member}/?period=last_90_days",
        "CSV, last 90 days": "/team/performance.csv?period=last_90_days",
    }


type Pair = tuple[float, float]


def _best_times(browser: Browser, pages: dict[str, str]) -> dict[str, Pair]:
    """Return the best seconds of each page, and of the compared page beside it."""
    print_progress(f"{Assignment.objects.count():,} rows in the ledger.")
    return {name: _best_pair(browser, path) for name, path in pages.items()}


def _best_pair(browser: Browser, path: str) -> Pair:
    _time(browser, path), _time(browser, COMPARED_PAGE)  # warms the caches
    times = [
        (_time(browser, path), _time(browser, COMPARED_PAGE)) for _ in range(ROUNDS)
    ]
    page, plain = (min(each) for each in zip(*times, strict=True))
    return page, plain


def _time(browser: Browser, url: str) -> float:
    started = time.perf_counter()
    response = browser.get(url)
    if response.streaming:
        b"".join(response)
    taken = time.perf_counter() - started
    if response.status_code != 200:
        raise RuntimeError(f"{url} answers {response.status_code}.")
    return taken


def _figures(name: str, short: Pair, long: Pair) -> Iterator[Figure]:
    yield Figure(
        name=f"{name}, of the inbox's time",
        value=long[0] / long[1],
        unit="x",
        at_most=MOST_RATIO,
    )
    yield Figure(
        name=f"{name}, with ten times the ledger",
        value=(long[0] / long[1]) / (short[0] / short[1]),
        unit="x",
        at_most=MOST_GROWTH,
    )
    yield Figure(name=name, value=long[0] * 1000, unit="ms")
