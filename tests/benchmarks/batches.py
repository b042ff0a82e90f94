"""A thousand leads by each strategy, from the plan to the last call.

The sandbox is a process of its own and the judge: its journal tells reads, writes and
notes apart, and its own sliding windows refuse what comes too fast. One dispatcher takes
some thirty milliseconds of processor a call, so that several share the work, as in life.
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
from assignments.models import Batch, Lead, Mapping, Member, SavedPlan, User
from assignments.models import Budget as BudgetRow
from assignments.models.plan import StrategyKind
from assignments.sandbox.journal import Entry
from assignments.sandbox.world import World
from assignments.sandbox.wsgi import application
from assignments.services.bulk import plans, write_plan
from assignments.services.bulk.allocation import Part, Wish
from assignments.services.mirror import list_verification
from assignments.services.mirror.session import Reading
from assignments.smartlead.budget import Budget
from assignments.smartlead.client import connect
from assignments.supervisor import Part as Process
from assignments.supervisor import Supervisor
from tests.benchmarks import call_counts
from tests.benchmarks.catalogue import CONFIGURED, Trial
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.load import await_answer
from tests.benchmarks.mirrored_database import UNLIMITED, open_office

STATE = "sandbox.sqlite3"
PROVABLE = "override"  # the lists of single members are what they should be
WORKERS = 2  # as many as there are seats
LEAST_USED = 97.0
LONGEST = 900.0  # seconds
LEADS_PER_ROW, SPARE = 1.3, 40  # so that enough of them have replied
PLAIN = (StrategyKind.MEMBER, StrategyKind.ROUND_ROBIN, StrategyKind.LEAST_BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who has the leads, and who is to get them."""

    manager: User
    pool: list[Member]
    donors: list[Member]
    others: Member

    @classmethod
    def of(cls, manager: User) -> "Office":
        members = list(Member.objects.filter(is_active=True).order_by("pk"))
        return cls(
            manager=manager, pool=members[:4], donors=members[4:6], others=members[6]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one strategy cost, and what came of it."""

    plan: SavedPlan
    batch: Batch
    made: list[Entry]
    calls: Counter[str]
    stale: int

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(self.batch.assignments.values_list("state", flat=True))

    @property
    def refused(self) -> int:
        return sum(one.status == HTTPStatus.TOO_MANY_REQUESTS for one in self.made)

    @property
    def seconds(self) -> float:
        """From the first call to the last, as they arrived."""
        return self.made[-1].arrived_at - self.made[0].arrived_at

    @property
    def spread(self) -> int:
        """Between who was really given most and who was given least."""
        done = self.batch.assignments.filter(state="done")
        given = Counter(done.values_list("to", flat=True))
        return max(given.values()) - min(given.values())


def measure(trial: Trial, *, label: str, folder: Path) -> Iterator[Figure]:
    leads = int(LEADS_PER_ROW * trial.rows) + SPARE
    office = Office.of(open_office(folder / STATE, leads=leads))
    if trial.lists_proven:
        _prove(folder)
    for kind in StrategyKind if trial.lists_proven else (StrategyKind.ROUND_ROBIN,):
        run = _run(trial, folder, office, kind)
        yield from _figures(trial, run, f"{label}: {kind.label.lower()}")


def _prove(folder: Path) -> None:
    """Have the lists of single members prove themselves, as the mirror does daily."""
    world = _world(folder)
    world.set_switches(assigned_me=PROVABLE)
    budget = Budget(limits=UNLIMITED, name="preparation")
    transport = httpx.WSGITransport(app=application(world))
    with connect(transport=transport, budget=budget) as client:
        until = timezone.now() + timedelta(seconds=LONGEST)
        reading = Reading(
            client=client,
            budget=budget,
            clock=timezone.now,
            sleep=time.sleep,
            until=until,
        )
        list_verification.prove(reading)
    world.close()
    BudgetRow.objects.all().delete()
    if not list_verification.is_proven():
        raise RuntimeError("The lists of members did not prove themselves.")


def _world(folder: Path) -> World:
    return World(state=folder / STATE, limits=UNLIMITED)


def _run(trial: Trial, folder: Path, office: Office, kind: StrategyKind) -> Run:
    seen = _deal_out(trial, folder, office)
    plan = plans.make_plan(
        parts=[_part(office, kind)],
        actor=office.manager,
        at=timezone.now(),
        note="{lead} is with {owner} now." if kind == StrategyKind.LEAST_BUSY else "",
    )
    batch = plans.confirm_plan(plan=plan, actor=office.manager, at=timezone.now())
    while write_plan.write_chunk(plan=plan, at=timezone.now()):
        pass
    with Supervisor(say=say, patience=2) as supervisor:
        _start(supervisor, trial, folder)
        _await_end(batch)
    world = _world(folder)
    run = Run(
        plan=plan,
        batch=batch,
        made=call_counts.made(world, seen),
        calls=call_counts.calls(world, seen),
        stale=call_counts.stale_writes(world, seen),
    )
    world.close()
    say(f"{kind}: {dict(run.calls)} in {run.seconds:.0f} s.")
    return run


def _deal_out(trial: Trial, folder: Path, office: Office) -> int:
    """So many leads to the donors, here and in Smartlead; the journal's length then.

    Nobody else's leads stand between them in the lists of the donors.
    """
    replied = Lead.objects.present().filter(last_reply_at__isnull=False)
    ids = list(replied.order_by("-reply_order", "-map_id").values_list("pk", flat=True))
    if len(ids) < trial.rows:
        raise RuntimeError(f"Only {len(ids)} leads have replied.")
    half = trial.rows // 2
    piles = {
        office.donors[0]: ids[:half],
        office.donors[1]: ids[half : trial.rows],
        office.others: ids[trial.rows :],
    }
    world = _world(folder)
    for member, pile in piles.items():
        for map_id in pile:
            world.assign_outside(map_id, member.pk)
        Lead.objects.filter(pk__in=pile).update(
            owner=member,
            owner_known_at=timezone.now(),
            owner_sure_at=None,
            owner_written_at=None,
        )
    length = len(world.journal.entries())
    world.close()
    return length


def _part(office: Office, kind: StrategyKind) -> Part:
    leads = Lead.objects.filter(owner__in=office.donors)
    pool = office.pool[:1] if kind == StrategyKind.MEMBER else office.pool
    table = None if kind in PLAIN else _table(kind, pool)
    wish = Wish(strategy=kind, members=[] if table else pool, table=table)
    return Part(leads=leads.filter(last_reply_at__isnull=False), wish=wish)


def _table(kind: StrategyKind, pool: list[Member]) -> Mapping:
    """Each campaign to one of the pool, by turns."""
    table = Mapping.objects.create(name=kind, kind=kind, attribute="campaign")
    names = Lead.objects.values_list("campaign__name", flat=True).distinct()
    for place, name in enumerate(sorted({name for name in names if name})):
        member = pool[place % len(pool)]
        table.lines.create(value=name, key=name.casefold(), member=member)
    return table


def _start(supervisor: Supervisor, trial: Trial, folder: Path) -> None:
    BudgetRow.objects.all().delete()
    words = ["--port", str(urlsplit(settings.SMARTLEAD_BASE_URL).port)]
    words += ["--state", str(folder / STATE), "--life", "0"]
    words += ["--rate", trial.scaled(CONFIGURED)]
    words += ["--assigned-me", PROVABLE] if trial.lists_proven else []
    log = folder / "sandbox.log"
    supervisor.start(_process("sandbox", processes.manage("sandbox", *words), log))
    address = settings.SMARTLEAD_BASE_URL.removesuffix("/api/v1")
    await_answer(f"{address}/_sandbox/verdict", log)
    command = [sys.executable, "-m", "tests.benchmarks.worker", "dispatch"]
    for _ in range(WORKERS):
        supervisor.start(_process("worker", command, folder / "worker.log"))


def _process(name: str, command: list[str], log: Path) -> Process:
    return Process(name=name, command=command, environment=os.environ, log=log)


def _await_end(batch: Batch) -> None:
    rows = batch.assignments.filter(finished_at=None)
    notes = batch.assignments.filter(notes__finished_at=None, notes__isnull=False)
    give_up_at = time.monotonic() + LONGEST
    while (rows.exists() or notes.exists()) and time.monotonic() < give_up_at:
        time.sleep(0.5)


def _figures(trial: Trial, run: Run, label: str) -> Iterator[Figure]:
    wanted, outcomes = trial.rows, run.outcomes
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
    yield _reads(trial, run, label)
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
    yield _use(trial, run, label)


_IN_TURN = StrategyKind.ROUND_ROBIN.label.lower()


def _reads(trial: Trial, run: Run, label: str) -> Figure:
    """Twenty leads a call where the lists of members have proven themselves."""
    most = ceil(trial.rows / 20) if trial.lists_proven else int(1.02 * trial.rows)
    reads = run.calls["thread"] + run.calls["list"]
    return Figure(name=f"{label}: reads", value=reads, unit="calls", at_most=most + 2)


def _use(trial: Trial, run: Run, label: str) -> Figure:
    calls, seconds = max(CONFIGURED, key=lambda limit: limit[1])
    may = calls * run.seconds / (seconds * trial.scale)
    return Figure(
        name=f"{label}: configured limit used",
        value=100 * run.calls.total() / may,
        unit="%",
        at_least=LEAST_USED,
    )
