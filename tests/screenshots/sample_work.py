"""A sandbox with its mirror, in which people have worked for two days up to now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from assignments import task_queue
from assignments.models import Assignment, Heartbeat, Lead, Member, Team, User
from assignments.models.assignment import Cause
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.names import MEMBER_OFF_BOARD
from assignments.sandbox.wsgi import application
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.undo import undo_assignment
from assignments.services.mirror import conversations, scheduler
from assignments.smartlead import client as smartlead
from assignments.smartlead.budget import CallBudget
from tests.dispatch_harness import FakeClock
from tests.factories import make_batch

TEAMS = {
    "North": ("Theo Brandt", "Ngozi Adeyemi", "Maya Lindqvist", "Luca Ferri"),
    "South": ("Ana Sousa", "Ben Okafor", "Sara Klein", "Tom Whelan"),
}
UNLIMITED = [(1_000_000, 60.0)]
MOST_TURNS = 10_000


@dataclass
class SampleAccount:
    """A sandbox, its mirror, and what people decide there."""

    world: FakeSmartlead
    clock: FakeClock
    budget: CallBudget
    client: smartlead.Client
    users: dict[str, User] = field(default_factory=dict)

    def member(self, name: str) -> Member:
        return Member.objects.get(name=name)

    def leads(self, owner: str, count: int = 1) -> list[Lead]:
        """Return so many untouched leads of a member, the newest reply first."""
        calm = Lead.objects.filter(owner__name=owner, assignments=None)
        return list(calm.order_by("-reply_order")[:count])

    def assign(
        self, lead: Lead, to: str, by: str = "sara", note: str = ""
    ) -> Assignment:
        self.clock.advance(240)
        return assign_lead(
            lead=lead,
            to=self.member(to),
            actor=self.users[by],
            at=self.clock(),
            note=note,
        )

    def bulk(self, leads: list[Lead], to: str, reason: str) -> None:
        self.clock.advance(600)
        make_batch(
            leads,
            self.member(to),
            actor=self.users["sara"],
            at=self.clock(),
            reason=reason,
        )

    def dispatch(self, *, turns: int = MOST_TURNS) -> None:
        """Dispatch until there is nothing to do just now, or so many calls have been
        made.
        """
        desk = DispatchContext(client=self.client, budget=self.budget, clock=self.clock)
        dispatcher = Dispatcher(desk)
        for _ in range(turns):
            if dispatcher.take_turn(self.clock()) is not None:
                return

    def mirror(self) -> None:
        scheduler.run_full_sync(
            client=self.client,
            budget=self.budget,
            clock=self.clock,
            progress=_ignore,
        )


def _ignore(*_: object, **__: object) -> None:
    return


@contextmanager
def open_sample_account() -> Iterator[SampleAccount]:
    task_queue.async_task = _ignore  # this script is its own worker
    settings.SMARTLEAD_RATE_LIMITS = UNLIMITED
    call_command("migrate", interactive=False, verbosity=0)
    now = timezone.now()
    clock = FakeClock(now - timedelta(days=2, hours=3))
    world = FakeSmartlead(
        leads=300,
        now=now.timestamp(),
        limits=UNLIMITED,
        clock=lambda: clock.now.timestamp(),  # noqa: PLW0108  it moves
    )
    smartlead.default_transport = lambda: httpx.WSGITransport(app=application(world))
    budget = CallBudget(limits=UNLIMITED, name="screenshots")
    with smartlead.connect(budget=budget) as client:
        sample = SampleAccount(world, clock, budget, client)
        sample.mirror()
        _add_people(sample)
        yield sample
    world.close()


def _add_people(sample: SampleAccount) -> None:
    Member.objects.filter(pk=MEMBER_OFF_BOARD).update(name="Tom Whelan")
    for name, members in TEAMS.items():
        team = Team.objects.create(name=name)
        Member.objects.filter(name__in=members).update(team=team, capacity=50)
    people = ("Sara Klein", "Theo Brandt", "Ana Sousa", "Ngozi Adeyemi")
    for first, last in map(str.split, people):
        user = User.objects.create_user(
            first.lower(),
            password="handoff-demo",
            first_name=first,
            last_name=last,
            time_zone="Europe/Berlin",
            is_sales_manager=first == "Sara",
        )
        sample.users[user.username] = user
        Member.objects.filter(name=f"{first} {last}").update(user=user)
    Team.objects.get(name="North").team_leads.add(sample.users["theo"])
    Team.objects.get(name="South").team_leads.add(sample.users["ana"])
    Member.objects.create(id=990, name="Imre Halász", source=Member.Source.HAND)


def work_two_days(sample: SampleAccount) -> None:
    """Do two days of work up to now; the last decisions are still waiting."""
    for lead in sample.leads("Maya Lindqvist", 3):
        sample.assign(lead, "Theo Brandt", note="Maya is at the fair this week.")
    sample.dispatch()
    sample.bulk(sample.leads("Luca Ferri", 6), "Ngozi Adeyemi", "Luca is on leave.")
    sample.dispatch()
    sample.clock.now += timedelta(days=1)
    for lead in sample.leads("Tom Whelan", 2):
        sample.world.assign_outside(lead.pk, sample.member("Ben Okafor").pk)
    sample.mirror()
    undone = sample.assign(sample.leads("Ana Sousa")[0], "Ben Okafor", by="ana")
    sample.dispatch()
    undone.refresh_from_db()
    undo_assignment(
        assignment=undone, actor=sample.users["ana"], at=sample.clock.advance(60)
    )
    sample.dispatch()
    sample.clock.now = timezone.now() - timedelta(minutes=50)
    sample.assign(sample.leads("Theo Brandt")[0], "Imre Halász")
    slow = sample.leads("Ngozi Adeyemi")[0]
    sample.assign(slow, "Luca Ferri")
    sample.world.assign_outside(slow.pk, sample.member("Maya Lindqvist").pk)
    sample.dispatch()
    sample.assign(sample.leads("Ben Okafor")[0], "Tom Whelan", by="ana")
    sample.dispatch()
    _open_thread(sample)
    sample.clock.now = timezone.now() - timedelta(minutes=6)
    sample.mirror()
    sample.assign(sample.leads("Sara Klein")[0], "Ben Okafor")
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())


def _open_thread(sample: SampleAccount) -> None:
    conversations.refresh_lead(
        map_id=lead_with_history().pk,
        client=sample.client,
        budget=sample.budget,
        at=sample.clock(),
    )


def lead_with_history() -> Lead:
    done = Assignment.objects.filter(cause=Cause.MANUAL, state="done")
    return done.order_by("created_at", "pk")[0].lead
