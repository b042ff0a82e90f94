"""A process of a trial that does at random what sales managers do."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Assignment, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.services import account
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger.assign import assign_lead, retry_assignment
from assignments.services.ledger.batch import apply_plan
from assignments.services.ledger.undo import undo_assignment
from tests.factories import automatic_plan, make_batch
from tests.trials.control_socket import ControlSocket


def run(control: ControlSocket, *, seed: str, members: list[int], every: float) -> None:
    parent = os.getppid()
    managers = Managers(
        rng=Random(seed),
        actor=User.objects.get(is_sales_manager=True),
        leads=list(Lead.objects.order_by("map_id").values_list("pk", flat=True)),
        members=members,
    )
    while os.getppid() == parent:
        time.sleep(managers.rng.expovariate(1 / every))
        try:
            managers.act()
        except AssignmentRefused:
            control.send(said="refused")


@dataclass
class Managers:
    rng: Random
    actor: User
    leads: list[int]
    members: list[int]

    def act(self) -> None:
        acts: list[Callable[[], None]] = [
            self.click,
            self.undo,
            self.insist,
            self.bulk,
            self.route,
            self.pause,
        ]
        (act,) = self.rng.choices(acts, weights=[60, 15, 10, 4, 4, 1])
        act()

    def click(self) -> None:
        lead = Lead.objects.get(pk=self.rng.choice(self.leads))
        note = "Please call back." if self.rng.random() < 0.35 else ""
        assign_lead(
            lead=lead,
            to=self.member(),
            actor=self.actor,
            at=timezone.now(),
            note=note,
        )

    def undo(self) -> None:
        """Undo a change of ours, never one over an owner set in Smartlead."""
        since = timezone.now() - timedelta(seconds=3)
        rows = Assignment.objects.filter(created_at__gte=since).exclude(
            cause=Cause.OUTSIDE
        )
        if row := self.one_of(rows.filter(expected__in=self.members)):
            undo_assignment(assignment=row, actor=self.actor, at=timezone.now())

    def insist(self) -> None:
        rows = Assignment.objects.filter(state=State.OVERTAKEN, dismissed_at=None)
        if row := self.one_of(rows):
            retry_assignment(assignment=row, actor=self.actor, at=timezone.now())

    def bulk(self) -> None:
        at = timezone.now()
        make_batch(self.some_leads(), self.member(), actor=self.actor, at=at)

    def route(self) -> None:
        plan = automatic_plan(self.some_leads(), self.member())
        apply_plan(plan, actor=None, at=timezone.now())

    def some_leads(self) -> QuerySet[Lead]:
        return Lead.objects.filter(pk__in=self.rng.sample(self.leads, k=5))

    def pause(self) -> None:
        now = timezone.now()
        account.pause_writes(actor=self.actor, reason="For a moment.", at=now)
        time.sleep(0.3)
        account.resume_writes(actor=self.actor, at=timezone.now())

    def member(self) -> Member:
        return Member.objects.get(pk=self.rng.choice(self.members))

    def one_of(self, rows) -> Assignment | None:  # type: ignore[no-untyped-def]
        found = list(rows)
        return self.rng.choice(found) if found else None
