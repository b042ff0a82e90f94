"""A batch whose workers are killed at chosen steps, one after the other.

    python -m tests.trials.batch_step_kills FOLDER

It runs on the database of the environment, with a sandbox whose state is kept in the
folder, and prints the results as JSON. Each worker is a fork that kills itself with
SIGKILL as it reaches its step; the next finds what it left. Between two workers the
clock moves on until every lease has run out.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

LEADS = 7
CHUNK_SIZE = 2
UNLIMITED = [(100_000, 60.0)]
START = datetime(2026, 5, 11, 9, 0, tzinfo=UTC)
BETWEEN = timedelta(minutes=5)
# Where a worker that writes rows dies: before a statement on this table.
STATEMENTS = ("INSERT INTO assignments_assignment", "UPDATE assignments_savedplan")
STEPS = (
    "claimed", "read", "stamped", "answered", "recorded",
    "note stamped", "note answered",
)  # fmt: skip


def main(folder: Path) -> None:
    django.setup()
    prepare(folder)
    at, killed = START, []
    for words in STATEMENTS:
        at += BETWEEN
        killed.append(is_killed(lambda at=at, words=words: _write(at, until=words)))
    at += BETWEEN
    _write(at)
    for step in STEPS:
        at += BETWEEN
        killed.append(is_killed(lambda at=at, step=step: _send(folder, at, until=step)))
    for _ in range(3):  # what waits for its lease, then for its fate, then the notes
        at += BETWEEN
        _send(folder, at)
    json.dump({"died": killed, **results(folder)}, sys.stdout)


def is_killed(act: Callable[[], None]) -> bool:
    """Call `act` in a fork; return False if it ended without being killed."""
    from django.db import connection

    connection.close()
    child = os.fork()
    if child == 0:
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def prepare(folder: Path) -> None:
    """Confirm a batch of one member's leads to another, with no row written."""
    from assignments.models import Lead
    from assignments.services import account as accounts
    from assignments.services.bulk import plans, write_plan
    from tests.dispatch_harness import open_dispatch_harness
    from tests.factories import make_manager, make_plan

    write_plan.CHUNK = 0  # nothing with the confirmation
    world = _world(folder)
    with open_dispatch_harness(world) as office:
        for number in range(LEADS):
            office.lead(0, number=number)
        manager, to = make_manager(), office.members[1]
    world.close()
    accounts.bind(START)
    plan = make_plan(Lead.objects.all(), to, actor=manager, note="For {owner}: {lead}")
    plans.confirm_plan(plan=plan, actor=manager, at=START)
    write_plan.CHUNK = CHUNK_SIZE


def _world(folder: Path) -> Any:
    from assignments.sandbox.fake_smartlead import FakeSmartlead

    return FakeSmartlead(state=folder / "sandbox.sqlite3", leads=30, limits=UNLIMITED)


def _write(at: datetime, *, until: str = "") -> None:
    from django.db import connection

    from assignments.services.bulk import write_plan

    with connection.execute_wrapper(_KillAtStatement(until)):
        for plan in write_plan.unwritten_plans():
            while write_plan.write_chunk(plan=plan, at=at):
                pass


class _KillAtStatement:
    """Kills the process before the second statement that begins so: some rows are
    written.
    """

    def __init__(self, words: str) -> None:
        self.words, self.met = words, 0

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        if self.words and sql.replace('"', "").startswith(self.words):
            self.met += 1
            if self.met == 2:
                os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, *rest)


def _send(folder: Path, at: datetime, *, until: str = "") -> None:
    import httpx

    from assignments.sandbox.wsgi import application
    from assignments.services.dispatch.context import DispatchContext, step_reached
    from assignments.services.dispatch.dispatcher import Dispatcher
    from assignments.smartlead.budget import CallBudget
    from assignments.smartlead.client import connect
    from tests.dispatch_harness import FakeClock

    def kill_at_step(step: str, **_: object) -> None:
        if step == until:
            os.kill(os.getpid(), signal.SIGKILL)

    step_reached.connect(kill_at_step, weak=False)
    world, budget = _world(folder), CallBudget(limits=UNLIMITED, name="step_kills")
    transport = httpx.WSGITransport(app=application(world))
    with connect(transport=transport, budget=budget) as client:
        desk = DispatchContext(client=client, budget=budget, clock=FakeClock(at))
        Dispatcher(desk).run(until=at + timedelta(seconds=1))
    world.close()


def results(folder: Path) -> dict[str, Any]:
    from assignments.models import Assignment, Lead, Note
    from assignments.services.operations import invariants

    world = _world(folder)
    writes = Counter(
        entry.map_id for entry in world.call_log.changes() if entry.source == "api"
    )
    rows = Counter(Assignment.objects.values_list("lead", flat=True))
    notes = Counter(note.map_id for note in world.notes())
    leads = list(Lead.objects.values_list("pk", flat=True))
    owners = {world.owner(pk) for pk in leads}
    world.close()
    return {
        "rows": [rows[pk] for pk in leads],
        "writes": [writes[pk] for pk in leads],
        "notes": [notes[pk] for pk in leads],
        "states": dict(Counter(Assignment.objects.values_list("state", flat=True))),
        "note_states": dict(Counter(Note.objects.values_list("state", flat=True))),
        "owners": len(owners),
        "audit": [
            str(one) for one in invariants.check_invariants(at=START) if not one.is_kept
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
