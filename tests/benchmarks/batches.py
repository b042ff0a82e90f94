"""A thousand leads by each strategy, from the plan to the last call.

The sandbox in this process is the judge: its journal tells reads, writes and notes
apart, and its own sliding windows refuse what comes too fast.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path

import httpx
from django.utils import timezone

from assignments.models import Batch, Lead, Mapping, Member, SavedPlan, User
from assignments.models.plan import StrategyKind
from assignments.sandbox.world import World
from assignments.sandbox.wsgi import application
from assignments.services import member_filter, plans, writing
from assignments.services.desk import Desk
from assignments.services.dispatch import Dispatcher
from assignments.services.proposing import Part, Wish
from assignments.smartlead.budget import account_budget
from assignments.smartlead.client import Client, connect
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.office import open_office
from tests.benchmarks.trials import CONFIGURED, Trial

STATE = "sandbox.sqlite3"
SPARE = 600  # leads that are with the right member already, or have never replied
POOL = 4
LONGEST = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one strategy cost, and what came of it."""

    plan: SavedPlan
    batch: Batch
    calls: Counter[str]
    refused: int
    seconds: float

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(self.batch.assignments.values_list("state", flat=True))

    @property
    def spread(self) -> int:
        """Between who was given most and who was given least."""
        given = Counter(
            entry.to_id for entry in self.plan.entries() if entry.to_id is not None
        )
        return max(given.values()) - min(given.values())


def measure(trial: Trial, *, label: str, folder: Path) -> Iterator[Figure]:
    manager = open_office(folder / STATE, leads=int(1.4 * trial.rows) + SPARE)
    limits = [(calls, seconds * trial.scale) for calls, seconds in CONFIGURED]
    world = World(state=folder / STATE, limits=limits, now=time.time())
    transport = httpx.WSGITransport(app=application(world))
    with connect(transport=transport, budget=account_budget()) as client:
        for kind in StrategyKind:
            run = _run(trial, world, client, manager, kind)
            yield from _figures(trial, run, f"{label}: {kind.label.lower()}")
    world.close()


def _run(
    trial: Trial, world: World, client: Client, manager: User, kind: StrategyKind
) -> Run:
    plan = plans.make_plan(
        parts=[_part(trial, kind)],
        actor=manager,
        at=timezone.now(),
        note="{lead} is with {owner} now." if kind == StrategyKind.LEAST_BUSY else "",
    )
    batch = plans.confirm_plan(plan=plan, actor=manager, at=timezone.now())
    while writing.write_chunk(plan=plan, at=timezone.now()):
        pass
    seen, started = len(world.journal.entries()), time.monotonic()
    desk = Desk(client=client, budget=account_budget(), clock=timezone.now)
    dispatcher, give_up_at = Dispatcher(desk), timezone.now() + LONGEST
    while _goes_on(batch) and timezone.now() < give_up_at:
        dispatcher.run(until=timezone.now() + timedelta(seconds=1))
    calls = [one for one in world.journal.entries()[seen:] if one.source == "api"]
    say(f"{kind}: {Counter(call.kind for call in calls)}")
    return Run(
        plan=plan,
        batch=batch,
        calls=Counter(call.kind for call in calls),
        refused=sum(call.status == 429 for call in calls),
        seconds=time.monotonic() - started,
    )


def _goes_on(batch: Batch) -> bool:
    rows = batch.assignments.filter(finished_at=None)
    notes = batch.assignments.filter(notes__finished_at=None, notes__isnull=False)
    return rows.exists() or notes.exists()


def _part(trial: Trial, kind: StrategyKind) -> Part:
    """So many leads of others to a pool that had none of them."""
    busy = Lead.objects.values_list("owner", flat=True)
    pool = list(Member.objects.filter(is_active=True).order_by("pk")[:POOL])
    if kind == StrategyKind.MEMBER:
        pool = pool[:1]
    table = _table(kind, pool) if kind not in PLAIN else None
    leads = Lead.objects.present().filter(owner__in=busy).exclude(owner__in=pool)
    if leads.count() < trial.rows:  # dealt out by an earlier strategy: back again
        leads = Lead.objects.present().exclude(owner=pool[0])
    ids = leads.order_by("-reply_order").values_list("pk", flat=True)[: trial.rows]
    wish = Wish(strategy=kind, members=[] if table else pool, table=table)
    return Part(leads=Lead.objects.filter(pk__in=list(ids)), wish=wish)


PLAIN = (StrategyKind.MEMBER, StrategyKind.ROUND_ROBIN, StrategyKind.LEAST_BUSY)


def _table(kind: StrategyKind, pool: list[Member]) -> Mapping:
    """Each campaign to one of the pool, by turns."""
    table = Mapping.objects.create(name=kind, kind=kind, attribute="campaign")
    names = Lead.objects.values_list("campaign__name", flat=True).distinct()
    for place, name in enumerate(sorted({name for name in names if name})):
        member = pool[place % len(pool)]
        table.lines.create(value=name, key=name.casefold(), member=member)
    return table


def _figures(trial: Trial, run: Run, label: str) -> Iterator[Figure]:
    moving, outcomes = run.plan.moving, run.outcomes
    final = sum(outcomes.values())
    yield Figure(
        name=f"{label}: outcomes", value=final, unit="leads", at_least=run.plan.total
    )
    yield Figure(
        name=f"{label}: done", value=outcomes["done"], unit="leads", at_least=moving
    )
    yield Figure(
        name=f"{label}: writes",
        value=run.calls["owner"],
        unit="calls",
        at_most=moving,
    )
    yield from _reads(run, label)
    if run.plan.note:
        notes = run.calls["note"]
        yield Figure(name=f"{label}: notes", value=notes, unit="calls", at_most=moving)
    yield Figure(name=f"{label}: spread", value=run.spread, unit="leads")
    yield Figure(name=f"{label}: 429s", value=run.refused, unit="calls", at_most=0)
    # One dispatcher in this process: what all of them use is the `load` trial's figure.
    calls, seconds = max(CONFIGURED, key=lambda limit: limit[1])
    may = calls * run.seconds / (seconds * trial.scale)
    yield Figure(
        name=f"{label}: limit used",
        value=100 * run.calls.total() / may,
        unit="%",
    )


def _reads(run: Run, label: str) -> Iterator[Figure]:
    """Twenty leads a call where the lists of members have proven themselves."""
    reads = run.calls["thread"] + run.calls["list"]
    proven = bool(member_filter.readable_members())
    most = ceil(run.plan.moving / 20) + 2 if proven else int(1.02 * run.plan.moving) + 2
    yield Figure(name=f"{label}: reads", value=reads, unit="calls", at_most=most)
