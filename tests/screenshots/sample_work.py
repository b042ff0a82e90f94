"""A Smartlead with its mirror, in which people have worked for two days up to now."""

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
from assignments.sandbox.people import OFF_BOARD
from assignments.sandbox.world import World
from assignments.sandbox.wsgi import application
from assignments.services.dispatch.context import Desk
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.ledger.assign import assign_lead, undo_assignment
from assignments.services.ledger.batch import apply_plan
from assignments.services.ledger.planning import plan_for_one_member
from assignments.services.mirror import conversations, scheduler
from assignments.smartlead import client as smartlead
from assignments.smartlead.budget import Budget
from tests.dispatch_harness import FakeClock

TEAMS = {
    "North": ("Theo Brandt", "Ngozi Adeyemi", "Maya Lindqvist", "Luca Ferri"),
    "South": ("Ana Sousa", "Ben Okafor", "Sara Klein", "Tom Whelan"),
}
UNLIMITED = [(1_000_000, 60.0)]
MANY = 10_000


@dataclass
class Office:
    """A Smartlead, its mirror, and what people have decided."""

    world: World
    clock: FakeClock
    budget: Budget
    client: smartlead.Client
    users: dict[str, User] = field(default_factory=dict)

    def member(self, name: str) -> Member:
        return Member.objects.get(name=name)

    def leads(self, owner: str, count: int = 1) -> list[Lead]:
        """So many leads of a member that nothing has happened to, the newest first."""
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
        plan = plan_for_one_member(
            leads, self.member(to), reason=reason, cause=Cause.BULK
        )
        apply_plan(plan, actor=self.users["sara"], at=self.clock())

    def dispatch(self, *, turns: int = MANY) -> None:
        """Until there is nothing to do just now, or so many calls have been made."""
        desk = Desk(client=self.client, budget=self.budget, clock=self.clock)
        dispatcher = Dispatcher(desk)
        for _ in range(turns):
            if dispatcher.take_turn(self.clock()) is not None:
                return

    def mirror(self) -> None:
        scheduler.run_full_sync(
            client=self.client,
            budget=self.budget,
            clock=self.clock,
            progress=_leave_it,
        )


def _leave_it(*_: object, **__: object) -> None:
    return


@contextmanager
def open_office() -> Iterator[Office]:
    task_queue.async_task = _leave_it  # this script is its own worker
    settings.SMARTLEAD_RATE_LIMITS = UNLIMITED
    call_command("migrate", interactive=False, verbosity=0)
    now = timezone.now()
    clock = FakeClock(now - timedelta(days=2, hours=3))
    world = World(
        leads=300,
        now=now.timestamp(),
        limits=UNLIMITED,
        clock=lambda: clock.now.timestamp(),  # noqa: PLW0108  it moves
    )
    smartlead.default_transport = lambda: httpx.WSGITransport(app=application(world))
    budget = Budget(limits=UNLIMITED, name="screenshots")
    with smartlead.connect(budget=budget) as client:
        office = Office(world, clock, budget, client)
        office.mirror()
        _hire(office)
        yield office
    world.close()


def _hire(office: Office) -> None:
    Member.objects.filter(pk=OFF_BOARD).update(name="Tom Whelan")
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
        office.users[user.username] = user
        Member.objects.filter(name=f"{first} {last}").update(user=user)
    Team.objects.get(name="North").team_leads.add(office.users["theo"])
    Team.objects.get(name="South").team_leads.add(office.users["ana"])
    Member.objects.create(id=990, name="Imre Halász", source=Member.Source.HAND)


def work(office: Office) -> None:
    """Two days at the desk, up to now; the last decisions are still on their way."""
    for lead in office.leads("Maya Lindqvist", 3):
        office.assign(lead, "Theo Brandt", note="Maya is at the fair this week.")
    office.dispatch()
    office.bulk(office.leads("Luca Ferri", 6), "Ngozi Adeyemi", "Luca is on leave.")
    office.dispatch()
    office.clock.now += timedelta(days=1)
    for lead in office.leads("Tom Whelan", 2):
        office.world.assign_outside(lead.pk, office.member("Ben Okafor").pk)
    office.mirror()
    undone = office.assign(office.leads("Ana Sousa")[0], "Ben Okafor", by="ana")
    office.dispatch()
    undone.refresh_from_db()
    undo_assignment(
        assignment=undone, actor=office.users["ana"], at=office.clock.advance(60)
    )
    office.dispatch()
    office.clock.now = timezone.now() - timedelta(minutes=50)
    office.assign(office.leads("Theo Brandt")[0], "Imre Halász")
    slow = office.leads("Ngozi Adeyemi")[0]
    office.assign(slow, "Luca Ferri")
    office.world.assign_outside(slow.pk, office.member("Maya Lindqvist").pk)
    office.dispatch()
    office.assign(office.leads("Ben Okafor")[0], "Tom Whelan", by="ana")
    office.dispatch()
    _open_thread(office)
    office.clock.now = timezone.now() - timedelta(minutes=6)
    office.mirror()
    office.assign(office.leads("Sara Klein")[0], "Ben Okafor")
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())


def _open_thread(office: Office) -> None:
    conversations.open_lead(
        map_id=lead_with_history().pk,
        client=office.client,
        budget=office.budget,
        at=office.clock(),
    )


def lead_with_history() -> Lead:
    done = Assignment.objects.filter(cause=Cause.MANUAL, state="done")
    return done.order_by("created_at", "pk")[0].lead
