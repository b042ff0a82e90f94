"""A coverage from its first lead handed over to its last one given back, in calls.

Against the sandbox in this process, without faults, by a clock that moves on with every
call as the account's limit demands: what is counted depends on no machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from assignments.models import Coverage, Hold, Lead, Member, Source, User
from assignments.sandbox.world import World
from assignments.services.account import current
from assignments.services.bulk.pace import calls_a_minute
from assignments.services.coverage import actions, tick
from assignments.services.coverage.drafts import Draft, DraftCoverer
from assignments.services.dispatch.context import Desk
from assignments.services.dispatch.dispatcher import Dispatcher, work_is_left
from assignments.services.mirror.sync_sources import ASSIGNED
from assignments.smartlead.budget import Budget
from assignments.smartlead.client import connect
from tests.benchmarks.call_recorder import NOTES, WRITES, Cost, Watched, cost
from tests.benchmarks.catalogue import Trial
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.mirrored_database import UNLIMITED, open_office

STATE = "sandbox.sqlite3"
HOW = {True: "page by page", False: "one by one"}
SPARE = 200  # leads of the sandbox that have never replied, or are nobody's here
COVERING = 2
PAGE = 20
MINUTE = timedelta(minutes=1)


@dataclass
class Clock:
    """Stands still but for the calls, and for who waits."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def stamp(self) -> float:
        return self.now.timestamp()

    def let_a_call_pass(self) -> None:
        self.now += MINUTE / calls_a_minute()


@dataclass(frozen=True, slots=True)
class Office:
    desk: Desk
    clock: Clock
    watched: Watched
    boss: User
    away: Member
    covering: list[Member]


def measure(trial: Trial, *, label: str, folder: Path) -> Iterator[Figure]:
    boss = open_office(folder / STATE, leads=int(1.4 * trial.rows) + SPARE)
    clock = Clock(timezone.now())
    world = World(state=folder / STATE, limits=UNLIMITED, clock=clock.stamp)
    watched = Watched(world, clock.let_a_call_pass)
    budget = Budget(limits=UNLIMITED, name="coverage")
    with connect(transport=watched, budget=budget) as client:
        desk = Desk(client=client, budget=budget, clock=clock)
        away, *others = Member.objects.filter(is_active=True).order_by("pk")
        covering = others[:COVERING]
        office = Office(desk, clock, watched, boss, away, covering)
        for is_proven in (True, False):
            name = f"{label}: {trial.rows:,} leads {HOW[is_proven]}"
            yield from _figures(office, trial.rows, name, is_proven=is_proven)
    world.close()


def _figures(
    office: Office, size: int, name: str, *, is_proven: bool
) -> Iterator[Figure]:
    _prepare(office, size, is_proven=is_proven)
    most = ceil(size / PAGE) + 2 if is_proven else int(1.02 * size) + 2
    coverage = _cover(office)
    start = cost(office.watched, lambda: _work(office))
    yield from _costs(start, size, f"{name}, start", most)
    yield _exactly(f"{name}, held", Hold.objects.live().count(), size)
    office.clock.now += timedelta(hours=1)
    actions.end_early(coverage=coverage, actor=office.boss, at=office.clock())
    end = cost(office.watched, lambda: _work(office))
    yield from _costs(end, size, f"{name}, return", most)
    back = coverage.holds.filter(outcome=Hold.Outcome.RETURNED)
    yield _exactly(f"{name}, returned", back.count(), size)
    say(f"{name}: {dict(start.calls)} and {dict(end.calls)}.")


def _prepare(office: Office, size: int, *, is_proven: bool) -> None:
    """So many leads with the member who will be away, none with who covers."""
    Source.objects.filter(name=ASSIGNED).update(
        proof=Source.Proof.PROVEN if is_proven else Source.Proof.FAILED
    )
    world = office.watched.world
    world.switches = world.switches.changed(assigned_me="override")
    spare = Member.objects.filter(is_active=True).order_by("pk").last()
    replied = Lead.objects.present().filter(last_reply_at__isnull=False)
    chosen = set(replied.order_by("pk").values_list("pk", flat=True)[:size])
    for pk, known in world.owners().items():
        owner = office.away if pk in chosen else spare
        if known != owner.pk:
            world.assign_outside(pk, owner.pk)
    known = {"owner_known_at": office.clock(), "owner_sure_at": None}
    Lead.objects.update(owner=spare, **known)
    Lead.objects.filter(pk__in=chosen).update(owner=office.away)
    office.clock.now += timedelta(hours=1)


def _cover(office: Office) -> Coverage:
    today = office.clock().date()
    draft = Draft(
        member=office.away,
        first_day=today,
        last_day=today + timedelta(days=30),
        zone="UTC",
        scope=Coverage.Scope.ALL,
        coverers=tuple(DraftCoverer(member=member) for member in office.covering),
        start_note="{covering} covers for {away}.",
        return_note="{away} is back.",
        from_now=True,
    )
    return actions.schedule(draft=draft, actor=office.boss, at=office.clock())


def _work(office: Office) -> None:
    """Until nothing is left to send, with a tick each minute."""
    dispatcher, next_tick = Dispatcher(office.desk), office.clock.now
    while work_is_left(current()):
        if office.clock.now >= next_tick:
            tick.tick(office.clock.now)
            next_tick = office.clock.now + MINUTE
        if (look_again := dispatcher.take_turn(office.clock.now)) is not None:
            office.clock.now = min(look_again, next_tick)
    tick.tick(office.clock.now)


def _costs(spent: Cost, size: int, name: str, most_reads: int) -> Iterator[Figure]:
    yield _exactly(f"{name}, writes", spent.calls[WRITES], size)
    yield _exactly(f"{name}, notes", spent.calls[NOTES], size)
    yield Figure(
        name=f"{name}, reads", value=spent.reads, unit="calls", at_most=most_reads
    )
    yield Figure(
        name=f"{name}, oldest read at a write",
        value=spent.oldest,
        unit="s",
        at_most=settings.FRESH,
    )


def _exactly(name: str, value: int, wanted: int) -> Figure:
    return Figure(name=name, value=value, unit="leads", at_least=wanted, at_most=wanted)
