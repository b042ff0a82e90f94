"""The inbox over 100,000 leads, against the Django admin's list of the same table.

Both come out of this process, by turns, with 50 rows a page, from the same session.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import admin
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Lead, User
from assignments.models.lead import NEVER
from assignments.sandbox.names import MEMBERS
from assignments.services.task_leases import record_heartbeat
from dashboard.inbox.filter import BY_REPLY, ORDERS
from dashboard.pagination import PAGE_SIZE, Cursor
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure, print_progress
from tests.benchmarks.generated_leads import PILOT_CAMPAIGN, RARE_WORD, fill_database

LEADS = 100_000
ROUNDS = 9
FAR_PAGE = 1_000  # the page
FEW_ROWS = 3
# Our page draws more than a list: counts, pickers, selection. A table read through
# takes more than this.
MOST_RATIO = 2.0
DUE_MEANWHILE = 3  # answers that come due between the two requests
MEMBER = MEMBERS[3][0]
COLUMNS = (
    "map_id",
    "email",
    "last_message",
    "campaign",
    "category",
    "owner",
    "reply_order",
    "sent_order",
    "due_order",
)


if TYPE_CHECKING:  # generic for the type checker only
    ModelAdmin = admin.ModelAdmin[Lead]
else:
    ModelAdmin = admin.ModelAdmin


class LeadAdmin(ModelAdmin):
    """A plain admin with the columns and filters of the inbox."""

    is_read_only = True  # or the site does not take it in
    list_display = COLUMNS
    list_per_page = PAGE_SIZE
    list_select_related = ("campaign", "category", "owner")
    list_filter = (
        "owner",
        "campaign",
        "campaign__client_id",
        "category",
        "category__is_closing",
        "is_important",
        "is_snoozed",
        "is_unread",
        "answer_owed",
        "last_reply_at",
        "answer_due_at",
        "owner_known_at",
    )
    search_fields = ("search_text",)
    ordering = ("-reply_order", "-map_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedList:
    """One list, asked for in the inbox and in the admin."""

    name: str
    ours: str
    theirs: str
    rows: int | None = PAGE_SIZE  # None: as many as there are by now
    # Of a few rows the frame of the page is nearly all, and ours holds more.
    is_mostly_frame: bool = False


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    admin.site.register(Lead, LeadAdmin)
    call_command("migrate", interactive=False, verbosity=0)
    user = User.objects.create_superuser("sara", is_sales_manager=True)
    started = time.monotonic()
    fill_database(leads=LEADS, user=user)
    record_heartbeat("worker", at=timezone.now())
    print_progress(f"{LEADS:,} leads made in {time.monotonic() - started:.0f} s.")
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    for case in [*_filters(), *_narrow_filters(), *_sorts()]:
        yield from _compare(browser, case, label)


def _compare(browser: Browser, case: ComparedList, label: str) -> Iterator[Figure]:
    ours, theirs = f"/inbox/?{case.ours}", f"/admin/assignments/lead/?{case.theirs}"
    _check_row_counts(browser, ours, theirs, case)
    # By turns, and the best of each: what else this machine does hits both alike.
    times = [(_time(browser, ours), _time(browser, theirs)) for _ in range(ROUNDS)]
    mine, admins = (min(each) for each in zip(*times, strict=True))
    name = f"{label}: {case.name}"
    limit = None if case.is_mostly_frame else MOST_RATIO
    ratio, unit = mine / admins, "x"
    yield Figure(
        name=f"{name}, of the admin's time", value=ratio, unit=unit, at_most=limit
    )
    if case.is_mostly_frame:
        full = min(_time(browser, "/inbox/") for _ in range(ROUNDS))
        ratio = mine / full
        yield Figure(
            name=f"{name}, of a full page's time", value=ratio, unit=unit, at_most=1.0
        )
    yield Figure(name=name, value=mine * 1000, unit="ms")


def _check_row_counts(
    browser: Browser, ours: str, theirs: str, case: ComparedList
) -> None:
    """Require the same number of rows of both. This warms the caches as well."""
    mine = browser.get(ours).content.decode()
    other = browser.get(theirs).content.decode()
    shown = mine.count('class="lrow'), other.count('class="action-checkbox"')
    may_differ = DUE_MEANWHILE if case.rows is None else 0
    if abs(shown[0] - shown[1]) > may_differ or case.rows not in {None, *shown}:
        raise RuntimeError(f"{case.name}: {shown} rows instead of {case.rows}.")


def _time(browser: Browser, url: str) -> float:
    started = time.perf_counter()
    response = browser.get(url)
    taken = time.perf_counter() - started
    if response.status_code != 200:
        raise RuntimeError(f"{url} answers {response.status_code}.")
    return taken


def _filters() -> Iterator[ComparedList]:
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=200)
    end = first + timedelta(days=7)
    known = "owner_known_at__isnull"
    both = {
        "first page": ("", ""),
        "owner, a member": (f"owner={MEMBER}", f"owner__id__exact={MEMBER}"),
        "owner, me": ("owner=me", f"owner__id__exact={MEMBERS[0][0]}"),
        "owner, nobody": ("owner=nobody", f"owner__isnull=True&{known}=False"),
        "owner, not known": ("owner=unknown", f"{known}=True"),
        "campaign": ("campaign=103", "campaign__id__exact=103"),
        "client": ("client=702", "campaign__client_id__exact=702"),
        "category": ("category=5", "category__id__exact=5"),
        "important": ("status=important", "is_important__exact=1"),
        "snoozed": ("status=snoozed", "is_snoozed__exact=1"),
        "unread": ("status=unread", "is_unread__exact=1"),
        "waiting on us": ("status=waiting_on_us", "answer_owed__exact=1"),
        "waiting on them": ("status=waiting_on_them", "answer_owed__exact=0"),
        "closed": ("status=closed", "category__is_closing__exact=1"),
        "answer overdue": ("sla=overdue", _between("answer_due_at", NEVER, now)),
        "replied from": (f"from={end:%F}", _between("last_reply_at", end, now)),
        "replied from, up to": (
            f"from={first:%F}&to={end - timedelta(days=1):%F}",
            _between("last_reply_at", first, end),
        ),
        "search": ("q=anna", "q=anna"),
        "search, two words": ("q=outreach+anna", "q=outreach+anna"),
    }
    yield from (
        ComparedList(name=name, ours=u, theirs=t) for name, (u, t) in both.items()
    )


def _narrow_filters() -> Iterator[ComparedList]:
    """Yield lists of less than a page."""
    now = timezone.now()
    soon = _between("answer_due_at", now, now + timedelta(hours=1))
    yield ComparedList(name="answer due", ours="sla=due", theirs=soon, rows=None)
    yield ComparedList(
        name="four filters by answer due",
        ours=f"owner={MEMBER}&category=5&status=unread&campaign=103&sort=due",
        theirs=f"owner__id__exact={MEMBER}&category__id__exact=5&is_unread__exact=1"
        "&campaign__id__exact=103&o=9",
        rows=None,
    )
    pilot = f"campaign={PILOT_CAMPAIGN}", f"campaign__id__exact={PILOT_CAMPAIGN}"
    name = f"filter of {FEW_ROWS} rows"
    yield ComparedList(
        name=name, ours=pilot[0], theirs=pilot[1], rows=FEW_ROWS, is_mostly_frame=True
    )
    rare = f"q={RARE_WORD}"
    yield ComparedList(name="search of 3 rows", ours=rare, theirs=rare, rows=FEW_ROWS)


def _between(field: str, first: datetime, end: datetime) -> str:
    return urlencode({f"{field}__gte": first, f"{field}__lt": end})


def _sorts() -> Iterator[ComparedList]:
    columns = {"-reply": "-7.-1", "reply": "7.1", "-sent": "-8.-1", "due": "9.1"}
    columns["owner"] = "6.-7"
    for sort, column in columns.items():
        query = f"sort={sort}"
        place = Cursor(values=_cursor_values(sort)).encoded(query)
        theirs = f"o={column}"
        yield ComparedList(name=f"sort by {sort}", ours=query, theirs=theirs)
        yield ComparedList(
            name=f"sort by {sort}, page {FAR_PAGE:,}",
            ours=f"{query}&after={place}",
            theirs=f"{theirs}&p={FAR_PAGE}",
        )


def _cursor_values(sort: str) -> tuple[object, ...]:
    """Return the values of the row before the far page, for its cursor."""
    before = (FAR_PAGE - 1) * PAGE_SIZE - 1
    if sort != "owner":
        order = ORDERS[sort]
        return order.values_of(order.applied(Lead.objects.all())[before])
    # Members in the order of their names, each with their leads by reply.
    rows = Lead.objects.order_by("owner__name", "-reply_order", "-map_id")
    row = rows.filter(owner__isnull=False)[before]
    return (row.owner_id, *BY_REPLY.values_of(row))
