"""The calls of a coverage, from its first lead handed over to its last one given back.

The sandbox runs in this process, without faults, by a clock that moves on with every
call as the account's limit demands, so that no count depends on the machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from assignments.models import Coverage, Hold, Lead, Member, SyncSource, User
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.account import current_account
from assignments.services.bulk.call_estimates import calls_per_minute
from assignments.services.coverage import actions, tick
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher, is_work_left
from assignments.services.mirror.sync_sources import ASSIGNED
from assignments.smartlead.budget import CallBudget
from assignments.smartlead.client import connect
from tests.benchmarks.call_recorder import (
    NOTE_KIND,
    WRITE_KIND,
    CallCost,
    CallRecorder,
    measure_calls,
)
from tests.benchmarks.catalogue import Benchmark
from tests.benchmarks.figures import Figure, print_progress
from tests.benchmarks.mirrored_database import UNLIMITED, mirror_new_sandbox

SANDBOX_FILE = "sandbox.sqlite3"
READING_LABELS = {True: "page by page", False: "one by one"}
SPARE_LEADS = 200  # leads of the sandbox that have never replied, or are nobody's here
COVERING = 2
PAGE = 20
MINUTE = timedelta(minutes=1)


@dataclass
class CallClock:
    """Moves on by one call's share of the limit with each call, and never by itself."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def stamp(self) -> float:
        return self.now.timestamp()

    def let_a_call_pass(self) -> None:
        self.now += MINUTE / calls_per_minute()


@dataclass(frozen=True, slots=True)
class CoverageSetup:
    desk: DispatchContext
    clock: CallClock
    recorder: CallRecorder
    manager: User
    away: Member
    covering: list[Member]


def measure(benchmark: Benchmark, *, label: str, folder: Path) -> Iterator[Figure]:
    manager = mirror_new_sandbox(
        folder / SANDBOX_FILE, leads=int(1.4 * benchmark.rows) + SPARE_LEADS
    )
    clock = CallClock(timezone.now())
    world = FakeSmartlead(
        state=folder / SANDBOX_FILE, limits=UNLIMITED, clock=clock.stamp
    )
    recorder = CallRecorder(world, clock.let_a_call_pass)
    budget = CallBudget(limits=UNLIMITED, name="coverage")
    with connect(transport=recorder, budget=budget) as client:
        desk = DispatchContext(client=client, budget=budget, clock=clock)
        away, *others = Member.objects.filter(is_active=True).order_by("pk")
        covering = others[:COVERING]
        setup = CoverageSetup(desk, clock, recorder, manager, away, covering)
        for is_proven in (True, False):
            name = f"{label}: {benchmark.rows:,} leads {READING_LABELS[is_proven]}"
            yield from _figures(setup, benchmark.rows, name, is_proven=is_proven)
    world.close()


def _figures(
    setup: CoverageSetup, size: int, name: str, *, is_proven: bool
) -> Iterator[Figure]:
    _reassign_leads(setup, size, is_proven=is_proven)
    most = ceil(size / PAGE) + 2 if is_proven else int(1.02 * size) + 2
    coverage = _schedule_coverage(setup)
    start = measure_calls(setup.recorder, lambda: _dispatch_all(setup))
    yield from _call_figures(start, size, f"{name}, start", most)
    yield _exact_figure(f"{name}, held", Hold.objects.live().count(), size)
    setup.clock.now += timedelta(hours=1)
    actions.end_early(coverage=coverage, actor=setup.manager, at=setup.clock())
    end = measure_calls(setup.recorder, lambda: _dispatch_all(setup))
    yield from _call_figures(end, size, f"{name}, return", most)
    back = coverage.holds.filter(outcome=Hold.Outcome.RETURNED)
    yield _exact_figure(f"{name}, returned", back.count(), size)
    print_progress(f"{name}: {dict(start.calls)} and {dict(end.calls)}.")


def _reassign_leads(setup: CoverageSetup, size: int, *, is_proven: bool) -> None:
    """Give so many leads to the member who will be away, all others to one who does not
    cover.
    """
    SyncSource.objects.filter(name=ASSIGNED).update(
        proof=SyncSource.Proof.PROVEN if is_proven else SyncSource.Proof.FAILED
    )
    world = setup.recorder.world
    world.behaviour = world.behaviour.changed(assigned_me="override")
    spare = Member.objects.filter(is_active=True).order_by("pk").last()
    replied = Lead.objects.present().filter(last_reply_at__isnull=False)
    chosen = set(replied.order_by("pk").values_list("pk", flat=True)[:size])
    for pk, known in world.owners().items():
        owner = setup.away if pk in chosen else spare
        if known != owner.pk:
            world.assign_outside(pk, owner.pk)
    known = {"owner_known_at": setup.clock(), "owner_sure_at": None}
    Lead.objects.update(owner=spare, **known)
    Lead.objects.filter(pk__in=chosen).update(owner=setup.away)
    setup.clock.now += timedelta(hours=1)


def _schedule_coverage(setup: CoverageSetup) -> Coverage:
    today = setup.clock().date()
    draft = CoverageDraft(
        member=setup.away,
        first_day=today,
        last_day=today + timedelta(days=30),
        zone="UTC",
        scope=Coverage.Scope.ALL,
        coverers=tuple(DraftCoverer(member=member) for member in setup.covering),
        start_note="{covering} covers for {away}.",
        return_note="{away} is back.",
        from_now=True,
    )
    return actions.schedule(draft=draft, actor=setup.manager, at=setup.clock())


def _dispatch_all(setup: CoverageSetup) -> None:
    """Dispatch until nothing is left to send, with a tick each minute."""
    dispatcher, next_tick = Dispatcher(setup.desk), setup.clock.now
    while is_work_left(current_account()):
        if setup.clock.now >= next_tick:
            tick.tick(setup.clock.now)
            next_tick = setup.clock.now + MINUTE
        if (look_again := dispatcher.take_turn(setup.clock.now)) is not None:
            setup.clock.now = min(look_again, next_tick)
    tick.tick(setup.clock.now)


def _call_figures(
    spent: CallCost, size: int, name: str, most_reads: int
) -> Iterator[Figure]:
    yield _exact_figure(f"{name}, writes", spent.calls[WRITE_KIND], size)
    yield _exact_figure(f"{name}, notes", spent.calls[NOTE_KIND], size)
    yield Figure(
        name=f"{name}, reads", value=spent.reads, unit="calls", at_most=most_reads
    )
    yield Figure(
        name=f"{name}, oldest read at a write",
        value=spent.oldest,
        unit="s",
        at_most=settings.FRESH,
    )


def _exact_figure(name: str, value: int, wanted: int) -> Figure:
    return Figure(name=name, value=value, unit="leads", at_least=wanted, at_most=wanted)
