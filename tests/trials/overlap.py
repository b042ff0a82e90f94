"""Many managers confirm overlapping batches at once, beside a rule and changes outside.

    python -m tests.trials.overlap --leads 600 --each 400 --seed 7

It runs on the database of the environment, lets the dispatcher send what waits to a
sandbox in this process, and prints the results as JSON.
"""

import argparse
import json
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import django

MANAGERS = 6
LEADS, EACH = 60, 40
OUTSIDE = 8  # one in so many leads is changed in Smartlead meanwhile
CHUNK_SIZE = 10  # leads written at once, so that the batches are written by turns


def main() -> None:
    options = _parser().parse_args()
    django.setup()
    from django.db import connection

    from assignments.services.bulk import write_plan

    write_plan.CHUNK = CHUNK_SIZE
    trial = OverlapTrial(Random(options.seed), options.leads, options.each)
    acts = trial.prepare()
    errors: list[str] = []
    barrier = threading.Barrier(len(acts))

    def play(act: Callable[[], None]) -> None:
        try:
            barrier.wait(60)
            act()
        except Exception:
            errors.append(traceback.format_exc())
        finally:
            connection.close()

    threads = [threading.Thread(target=play, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    trial.dispatch()
    json.dump({"errors": errors, **trial.results()}, sys.stdout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--each", type=int, default=EACH, help="leads in each batch")
    parser.add_argument("--seed", type=int, default=5)
    return parser


@dataclass
class OverlapTrial:
    rng: Random
    count: int
    each: int
    world: Any = None
    leads: list[Any] = field(default_factory=list)

    def prepare(self) -> list[Callable[[], None]]:
        """Make the leads and each manager's preview, and return what is to run at once."""
        from assignments.models import Member
        from assignments.sandbox.fake_smartlead import FakeSmartlead
        from assignments.services import account as accounts
        from tests.factories import MONDAY, make_lead, make_manager, make_member

        self.world = FakeSmartlead(
            leads=self.count, now=MONDAY.timestamp(), limits=[(10**6, 60.0)]
        )
        for id_ in sorted(self.world.store.members):
            make_member(f"Member {id_}", id=id_)
        *members, holder = Member.objects.order_by("pk")
        for map_id in sorted(self.world.owners()):
            self.world.assign_outside(map_id, holder.pk)
            person = self.world.lead(map_id).lead_id
            lead = make_lead(map_id=map_id, person_id=person, owner=holder)
            self.leads.append(lead)
        accounts.bind(MONDAY)
        acts = [
            self._confirm_batch(make_manager(f"Boss {n}"), members[n], place=n)
            for n in range(MANAGERS)
        ]
        changed = self.rng.sample(self.leads, self.count // OUTSIDE)
        return [
            *acts,
            self._route(members[0]),
            self._change_outside(changed, members[1]),
        ]

    def _confirm_batch(self, manager: Any, member: Any, *, place: int) -> Any:
        from assignments.services.bulk import plans, write_plan
        from tests.factories import MONDAY, make_plan

        leads = self.rng.sample(self.leads, self.each)
        plan = make_plan(leads, member, actor=manager)
        at = MONDAY + timedelta(milliseconds=place)

        def act() -> None:
            plans.confirm_plan(plan=plan, actor=manager, at=at)
            while write_plan.write_chunk(plan=plan, at=at):
                pass

        return act

    def _route(self, member: Any) -> Callable[[], None]:
        from assignments.services.ledger.batch import apply_plan
        from tests.factories import MONDAY, automatic_plan

        plan = automatic_plan(self.leads[: self.each], member)

        def act() -> None:
            apply_plan(plan, actor=None, at=MONDAY)

        return act

    def _change_outside(self, leads: list[Any], owner: Any) -> Callable[[], None]:
        """Return changes of owners in Smartlead; the mirror sees every other one."""
        from django.db import transaction

        from assignments.services.ledger.ownership import (
            OwnerObservation,
            observe_owner,
        )
        from tests.factories import MONDAY

        at = MONDAY + timedelta(seconds=1)
        sighting = OwnerObservation(
            owner_id=owner.pk, known=True, asked_at=at, by="get"
        )

        def act() -> None:
            for place, lead in enumerate(leads):
                self.world.assign_outside(lead.pk, owner.pk)
                if place % 2:
                    with transaction.atomic():
                        observe_owner(map_id=lead.pk, sighting=sighting, at=at)

        return act

    def dispatch(self) -> None:
        import httpx

        from assignments.sandbox.wsgi import application
        from assignments.services.dispatch.context import DispatchContext
        from assignments.services.dispatch.dispatcher import Dispatcher
        from assignments.smartlead import client as smartlead
        from assignments.smartlead.budget import CallBudget
        from tests.dispatch_harness import FakeClock
        from tests.factories import MONDAY

        transport = httpx.WSGITransport(app=application(self.world))
        budget = CallBudget(limits=[(10**6, 60.0)], name="overlap")
        clock = FakeClock(MONDAY + timedelta(minutes=5))
        with smartlead.connect(transport=transport, budget=budget) as client:
            desk = DispatchContext(client=client, budget=budget, clock=clock)
            while Dispatcher(desk).take_turn(clock()) is None:
                clock.looks = 0

    def results(self) -> dict[str, object]:
        from assignments.models import Assignment, Batch
        from assignments.models.assignment import Cause
        from assignments.services.operations import invariants
        from tests.factories import MONDAY

        bulk = Batch.objects.filter(cause=Cause.BULK)
        rows = Assignment.objects.order_by("pk").select_related("to", "batch__actor")
        by_lead: dict[int, list[Any]] = {lead.pk: [] for lead in self.leads}
        for row in rows:
            by_lead[row.lead_id].append(row)
        found = invariants.check_invariants(at=MONDAY + timedelta(minutes=6))
        return {
            "batches": bulk.count(),
            "sizes": sorted({batch.assignments.count() for batch in bulk}),
            "states": dict(Counter(row.state for row in rows)),
            "wrong": [
                sentence
                for map_id, history in by_lead.items()
                for sentence in self._wrong(map_id, history)
            ],
            "audit": [str(finding) for finding in found if not finding.is_kept],
        }

    def _wrong(self, map_id: int, rows: list[Any]) -> list[str]:
        """Return sentences about what is wrong with one lead in the end."""
        from assignments.models import Lead

        wrong, owner = [], self.world.owner(map_id)
        decided = [row for row in rows if row.cause == "bulk"]
        effective = [row for row in decided if row.state in {"done", "overtaken"}]
        dropped = [row for row in decided if row not in effective]
        if Lead.objects.get(pk=map_id).owner_id != owner:
            wrong.append(f"{map_id}: the mirror does not say {owner}")
        if len(effective) > 1 or (
            effective and effective[0].state == "done" and (effective[0].to_id != owner)
        ):
            wrong.append(
                f"{map_id}: with {owner}, decided {[r.to_id for r in effective]}"
            )
        if decided and not effective and not _changed_outside(rows):
            wrong.append(f"{map_id}: every decision was dropped")
        wrong += [
            f"{map_id}: {row.state}, “{row.outcome}”"
            for row in dropped
            if row.state != "skipped" or not _is_explained(row, rows, owner)
        ]
        wrong += self._unexplained_changes(map_id, rows)
        return wrong

    def _unexplained_changes(self, map_id: int, rows: list[Any]) -> list[str]:
        """Return sentences about changes in Smartlead that no row of the ledger
        records.
        """
        _, *changes = self.world.call_log.changes(map_id)
        done = [
            (row.cause == "outside", row.to_id) for row in rows if row.state == "done"
        ]
        done += [(True, row.found_id) for row in rows if row.state == "overtaken"]
        said = [(change.source != "api", change.owner_after) for change in changes]
        return [f"{map_id}: {one} is not told" for one in said if one not in done]


def _changed_outside(rows: list[Any]) -> bool:
    return any(row.cause == "outside" for row in rows)


def _is_explained(row: Any, rows: list[Any], owner: int) -> bool:
    """Return True if a dropped row names a member who got the lead instead."""
    came_true = (one.to_id for one in rows if one.state in {"done", "overtaken"})
    names = {owner, *came_true}
    return any(f"Member {name}" in row.outcome for name in names)


if __name__ == "__main__":
    main()
