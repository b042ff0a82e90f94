"""A thousand leads by each strategy, from the plan to the last call.

The sandbox is a process of its own: its call log tells reads, writes and notes apart,
and its own sliding windows refuse what comes too fast. One dispatcher needs some thirty
milliseconds of processor a call, so several share the work, as in production.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils import timezone

from assignments import processes
from assignments.models import Batch, Lead, LookupTable, Member, SavedPlan, User
from assignments.models import Budget as BudgetRow
from assignments.models.plan import StrategyKind
from assignments.sandbox.call_log import CallLogEntry
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.wsgi import application
from assignments.services.bulk import plans, write_plan
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from assignments.services.mirror import list_verification
from assignments.services.mirror.session import SyncSession
from assignments.smartlead.budget import CallBudget
from assignments.smartlead.client import connect
from assignments.supervisor import ManagedProcess as Process
from assignments.supervisor import Supervisor
from tests.benchmarks import call_counts
from tests.benchmarks.catalogue import CONFIGURED_LIMITS, Benchmark
from tests.benchmarks.figures import Figure, print_progress
from tests.benchmarks.load import wait_until_serving
from tests.benchmarks.mirrored_database import UNLIMITED, mirror_new_sandbox

SANDBOX_FILE = "sandbox.sqlite3"
PROVABLE = "override"  # the lists of single members are what they should be
WORKERS = 2  # as many as there are seats
LEAST_USED = 97.0
LONGEST = 900.0  # seconds
LEADS_PER_ROW, SPARE = 1.3, 40  # so that enough of them have replied
WITHOUT_TABLE = (StrategyKind.MEMBER, StrategyKind.ROUND_ROBIN, StrategyKind.LEAST_BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMembers:
    """The members who have the leads, and those who are to get them."""

    manager: User
    pool: list[Member]
    donors: list[Member]
    others: Member

    @classmethod
    def of(cls, manager: User) -> "BatchMembers":
        members = list(Member.objects.filter(is_active=True).order_by("pk"))
        return cls(
            manager=manager, pool=members[:4], donors=members[4:6], others=members[6]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyRun:
    """The calls that one strategy made, and the rows it left."""

    plan: SavedPlan
    batch: Batch
    made: list[CallLogEntry]
    calls: Counter[str]
    stale: int

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(self.batch.assignments.values_list("state", flat=True))

    @property
    def refused(self) -> int:
        return sum(call.status == HTTPStatus.TOO_MANY_REQUESTS for call in self.made)

    @property
    def seconds(self) -> float:
        """Seconds from the arrival of the first call to that of the last."""
        return self.made[-1].arrived_at - self.made[0].arrived_at

    @property
    def spread(self) -> int:
        """Difference between the most and the fewest leads given to one member."""
        done = self.batch.assignments.filter(state="done")
        given = Counter(done.values_list("to", flat=True))
        return max(given.values()) - min(given.values())


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    leads = int(LEADS_PER_ROW * benchmark.rows) + SPARE
    members = BatchMembers.of(mirror_new_sandbox(folder / SANDBOX_FILE, leads=leads))
    if benchmark.lists_proven:
        _prove_member_lists(folder)
    for kind in StrategyKind if benchmark.lists_proven else (StrategyKind.ROUND_ROBIN,):
        run = _run_strategy(benchmark, folder, members, kind)
        yield from _figures(benchmark, run, f"{label}: {kind.label.lower()}")


def _prove_member_lists(folder: Path) -> None:
    """Verify the lists of single members, as the mirror does daily."""
    world = _world(folder)
    world.set_behaviour(assigned_me=PROVABLE)
    budget = CallBudget(limits=UNLIMITED, name="preparation")
    transport = httpx.WSGITransport(app=application(world))
    with connect(transport=transport, budget=budget) as client:
        until = timezone.now() + timedelta(seconds=LONGEST)
        reading = SyncSession(
            client=client,
            budget=budget,
            clock=timezone.now,
            sleep=time.sleep,
            until=until,
        )
        list_verification.verify_lists(reading)
    world.close()
    BudgetRow.objects.all().delete()
    if not list_verification.are_lists_proven():
        raise RuntimeError("The lists of members did not prove themselves.")


def _world(folder: Path) -> FakeSmartlead:
    return FakeSmartlead(state=folder / SANDBOX_FILE, limits=UNLIMITED)


def _run_strategy(
    benchmark: Benchmark, folder: Path, members: BatchMembers, kind: StrategyKind
) -> StrategyRun:
    seen = _assign_to_donors(benchmark, folder, members)
    plan = plans.make_plan(
        parts=[_part(members, kind)],
        actor=members.manager,
        at=timezone.now(),
        note="{lead} is with {owner} now." if kind == StrategyKind.LEAST_BUSY else "",
    )
    batch = plans.confirm_plan(plan=plan, actor=members.manager, at=timezone.now())
    while write_plan.write_chunk(plan=plan, at=timezone.now()):
        pass
    with Supervisor(say=print_progress, patience=2) as supervisor:
        _start_processes(supervisor, benchmark, folder)
        _wait_for_end(batch)
    world = _world(folder)
    run = StrategyRun(
        plan=plan,
        batch=batch,
        made=call_counts.our_calls(world, seen),
        calls=call_counts.calls_by_kind(world, seen),
        stale=call_counts.stale_writes(world, seen),
    )
    world.close()
    print_progress(f"{kind}: {dict(run.calls)} in {run.seconds:.0f} s.")
    return run


def _assign_to_donors(benchmark: Benchmark, folder: Path, members: BatchMembers) -> int:
    """Give so many leads to the donors, here and in Smartlead, and all others to one
    member.

    Return the length of the call log after that.
    """
    replied = Lead.objects.present().filter(last_reply_at__isnull=False)
    ids = list(replied.order_by("-reply_order", "-map_id").values_list("pk", flat=True))
    if len(ids) < benchmark.rows:
        raise RuntimeError(f"Only {len(ids)} leads have replied.")
    half = benchmark.rows // 2
    leads_by_member = {
        members.donors[0]: ids[:half],
        members.donors[1]: ids[half : benchmark.rows],
        members.others: ids[benchmark.rows :],
    }
    world = _world(folder)
    for member, lead_ids in leads_by_member.items():
        for map_id in lead_ids:
            world.assign_outside(map_id, member.pk)
        Lead.objects.filter(pk__in=lead_ids).update(
            owner=member,
            owner_known_at=timezone.now(),
            owner_sure_at=None,
            owner_written_at=None,
        )
    length = len(world.call_log.entries())
    world.close()
    return length


def _part(members: BatchMembers, kind: StrategyKind) -> PlanPart:
    leads = Lead.objects.filter(owner__in=members.donors)
    pool = members.pool[:1] if kind == StrategyKind.MEMBER else members.pool
    table = None if kind in WITHOUT_TABLE else _table(kind, pool)
    wish = AllocationRequest(strategy=kind, members=[] if table else pool, table=table)
    return PlanPart(leads=leads.filter(last_reply_at__isnull=False), wish=wish)


def _table(kind: StrategyKind, pool: list[Member]) -> LookupTable:
    """Make a table that gives the campaigns to the pool in turn."""
    table = LookupTable.objects.create(name=kind, kind=kind, attribute="campaign")
    names = Lead.objects.values_list("campaign__name", flat=True).distinct()
    for place, name in enumerate(sorted({name for name in names if name})):
        member = pool[place % len(pool)]
        table.lines.create(value=name, key=name.casefold(), member=member)
    return table


def _start_processes(
    supervisor: Supervisor, benchmark: Benchmark, folder: Path
) -> None:
    BudgetRow.objects.all().delete()
    words = ["--port", str(urlsplit(settings.SMARTLEAD_BASE_URL).port)]
    words += ["--state", str(folder / SANDBOX_FILE), "--life", "0"]
    words += ["--rate", benchmark.scaled(CONFIGURED_LIMITS)]
    words += ["--assigned-me", PROVABLE] if benchmark.lists_proven else []
    log = folder / "sandbox.log"
    supervisor.start(
        _process("sandbox", processes.manage_command("sandbox", *words), log)
    )
    address = settings.SMARTLEAD_BASE_URL.removesuffix("/api/v1")
    wait_until_serving(f"{address}/_sandbox/verdict", log)
    command = [sys.executable, "-m", "tests.benchmarks.worker", "dispatch"]
    for _ in range(WORKERS):
        supervisor.start(_process("worker", command, folder / "worker.log"))


def _process(name: str, command: list[str], log: Path) -> Process:
    return Process(name=name, command=command, environment=os.environ, log=log)


def _wait_for_end(batch: Batch) -> None:
    rows = batch.assignments.filter(finished_at=None)
    notes = batch.assignments.filter(notes__finished_at=None, notes__isnull=False)
    give_up_at = time.monotonic() + LONGEST
    while (rows.exists() or notes.exists()) and time.monotonic() < give_up_at:
        time.sleep(0.5)


def _figures(benchmark: Benchmark, run: StrategyRun, label: str) -> Iterator[Figure]:
    wanted, outcomes = benchmark.rows, run.outcomes
    counts = {
        "outcomes": (outcomes.total(), "leads"),
        "done": (outcomes["done"], "leads"),
        "writes": (run.calls["owner"], "calls"),
    }
    if run.plan.note:
        counts["notes"] = (run.calls["note"], "calls")
    for name, (value, unit) in counts.items():
        yield Figure(
            name=f"{label}: {name}",
            value=value,
            unit=unit,
            at_least=wanted,
            at_most=wanted,
        )
    yield _reads(benchmark, run, label)
    by_turns = label.endswith(_IN_TURN)
    yield Figure(
        name=f"{label}: spread",
        value=run.spread,
        unit="leads",
        at_most=1 if by_turns else None,
    )
    never = {"429s": run.refused, "writes on an old look": run.stale}
    for name, value in never.items():
        yield Figure(name=f"{label}: {name}", value=value, unit="calls", at_most=0)
    yield _limit_use(benchmark, run, label)


_IN_TURN = StrategyKind.ROUND_ROBIN.label.lower()


def _reads(benchmark: Benchmark, run: StrategyRun, label: str) -> Figure:
    """Twenty leads a read where the lists of members are verified, one elsewhere."""
    most = (
        ceil(benchmark.rows / 20)
        if benchmark.lists_proven
        else int(1.02 * benchmark.rows)
    )
    reads = run.calls["thread"] + run.calls["list"]
    return Figure(name=f"{label}: reads", value=reads, unit="calls", at_most=most + 2)


def _limit_use(benchmark: Benchmark, run: StrategyRun, label: str) -> Figure:
    calls, seconds = max(CONFIGURED_LIMITS, key=lambda limit: limit[1])
    may = calls * run.seconds / (seconds * benchmark.scale)
    return Figure(
        name=f"{label}: configured limit used",
        value=100 * run.calls.total() / may,
        unit="%",
        at_least=LEAST_USED,
    )
