"""A dispatcher with a sandbox, its members, and a clock that stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assignments.models import Assignment, Lead, Mail, Member, Note
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.smartlead.budget import account_budget
from assignments.smartlead.client import connect
from tests.factories import MONDAY, make_lead

MOST_READS = 10_000  # looks at the clock; no test needs half as many
MOST_TURNS = 300


@dataclass
class FakeClock:
    now: datetime = MONDAY
    looks: int = 0

    def __call__(self) -> datetime:
        self.looks += 1
        assert self.looks < MOST_READS, "Whoever works by this clock finds no end."
        # A tick a look: two events are never at exactly the same moment.
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@dataclass
class DispatchHarness:
    world: FakeSmartlead
    desk: DispatchContext
    clock: FakeClock
    members: list[Member] = field(default_factory=list)

    def lead(self, owner: int | None = 0, *, number: int = 0) -> Lead:
        """Mirror a lead of the sandbox long ago; `owner` is an index of `members`."""
        map_id = sorted(self.world.owners())[number]
        member = None if owner is None else self.members[owner]
        self.world.assign_outside(map_id, member.pk if member else None)
        person_id = self.world.lead(map_id).lead_id
        known = self.clock.now - timedelta(hours=1)
        return make_lead(
            "Lena Lead",
            map_id=map_id,
            person_id=person_id,
            owner=member,
            owner_known_at=known,
            owner_sure_at=known,
        )

    def dispatch(self) -> Dispatcher:
        """Dispatch until there is no call to make just now."""
        dispatcher = Dispatcher(self.desk)
        for _ in range(MOST_TURNS):
            if dispatcher.take_turn(self.clock()) is not None:
                return dispatcher
        raise AssertionError("The dispatcher makes one call after the other.")

    def take_turns(self, count: int) -> Dispatcher:
        """Make at most so many calls."""
        dispatcher = Dispatcher(self.desk)
        for _ in range(count):
            dispatcher.take_turn(self.clock())
        return dispatcher

    def settle(self) -> Dispatcher:
        """Dispatch after the time in which an unanswered write may still take effect."""
        self.clock.advance(61)
        return self.dispatch()

    def writes(self) -> list[tuple[int | None, int | None]]:
        """Return lead and member of each call that set an owner."""
        calls = self.world.call_log.calls(kind="owner")
        return [(call.map_id, call.member_id) for call in calls]

    def notes(self, lead: Lead) -> list[str]:
        return [note.text for note in self.world.notes(lead.pk)]


@contextmanager
def open_dispatch_harness(world: FakeSmartlead) -> Iterator[DispatchHarness]:
    clock = FakeClock()
    budget = account_budget()
    members = [
        Member.objects.create(id=id_, name=member.name, source=Member.Source.BOARD)
        for id_, member in sorted(world.store.members.items())
    ]
    with connect(budget=budget) as client:
        desk = DispatchContext(client=client, budget=budget, clock=clock)
        yield DispatchHarness(world, desk, clock, members)


def state_of(row: Assignment | Mail | Note) -> str:
    row.refresh_from_db()
    return row.state
