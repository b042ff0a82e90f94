import os
import sqlite3
import subprocess
import sys
from bisect import bisect_left
from contextlib import closing
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from assignments.models import Budget as BudgetRow
from assignments.smartlead.budget import (
    CallBudget,
    CallKind,
    NotBefore,
    RateReport,
    Slot,
)
from tests.assignments.smartlead import budget_process

NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(db, clock) -> CallBudget:
    return CallBudget(
        limits=[(3, 10.0)],
        name="an account",
        clock=clock,
        monotonic=clock,
        jitter=lambda: 0.0,
    )


def spend(
    budget: CallBudget, *, calls: int, kind: CallKind = CallKind.INTERACTIVE
) -> None:
    for _ in range(calls):
        slot = budget.take(kind)
        assert isinstance(slot, Slot)
        budget.finish(slot)


class TestTake:
    def test_processes_share_one_row(self, budget, clock):
        spend(budget, calls=3)
        other = CallBudget(limits=[(3, 10.0)], name="an account", clock=clock)

        assert isinstance(other.take(CallKind.INTERACTIVE), NotBefore)

    def test_accounts_do_not_share(self, budget, clock):
        spend(budget, calls=3)
        other = CallBudget(limits=[(3, 10.0)], name="another", clock=clock)

        assert isinstance(other.take(CallKind.INTERACTIVE), Slot)

    def test_a_slot_ends_with_the_deadline_of_its_call(self, budget):
        slot = budget.take(CallKind.NORMAL)

        assert isinstance(slot, Slot)
        assert slot.expires == NOW + 15.0

    def test_a_slot_given_back_can_be_taken_again(self, budget):
        spend(budget, calls=2)
        slot = budget.take(CallKind.INTERACTIVE)
        assert isinstance(slot, Slot)

        budget.give_back(slot)

        assert isinstance(budget.take(CallKind.INTERACTIVE), Slot)

    @pytest.mark.django_db(transaction=True)
    def test_refuses_to_hold_its_lock_for_somebodys_transaction(self, budget):
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            budget.take(CallKind.NORMAL)

    def test_a_refusal_writes_nothing(self, budget):
        spend(budget, calls=3)
        before = BudgetRow.objects.get().updated_at

        budget.take(CallKind.INTERACTIVE)

        assert BudgetRow.objects.get().updated_at == before


class TestWait:
    def test_sleeps_until_a_slot_is_free(self, budget, clock):
        spend(budget, calls=3)

        slot = budget.wait(CallKind.INTERACTIVE, until=NOW + 20, sleep=clock.sleep)

        assert slot is not None
        assert clock.now == pytest.approx(NOW + 10, abs=0.1)
        assert max(clock.naps) <= 1.0

    def test_answers_none_at_once_when_it_would_take_too_long(self, budget, clock):
        spend(budget, calls=3)

        assert (
            budget.wait(CallKind.INTERACTIVE, until=NOW + 9, sleep=clock.sleep) is None
        )
        assert clock.naps == []

    def test_has_a_429_sounded_out_by_one_read(self, budget, clock):
        limited = budget.take(CallKind.NORMAL)
        budget.record_429(limited, retry_after=2.0)
        probed = []

        def probe(slot: Slot) -> None:
            probed.append(clock.now)
            budget.finish(slot)

        until = NOW + 60
        slot = budget.wait(CallKind.NORMAL, until=until, sleep=clock.sleep, probe=probe)

        assert slot is not None
        assert probed == [pytest.approx(NOW + 2, abs=0.1)]


class TestSnapshot:
    def test_of_a_new_account_is_empty(self, budget):
        snapshot = budget.snapshot()

        assert [(w.seconds, w.limit, w.used) for w in snapshot.windows] == [(10, 3, 0)]
        assert snapshot.paused_until is None

    def test_tells_what_is_used_in_flight_and_paused(self, budget):
        spend(budget, calls=1)
        slot, _ = budget.take(CallKind.NORMAL), budget.take(CallKind.INTERACTIVE)
        budget.record_429(slot, retry_after=30.0, rate=RateReport(limit=4, remaining=0))

        snapshot = budget.snapshot()

        assert snapshot.windows[0].used == 4
        assert snapshot.in_flight == 1
        assert snapshot.foreign_calls == 1
        assert snapshot.paused_until == datetime.fromtimestamp(NOW + 30, tz=UTC)
        assert snapshot.slowed_until == datetime.fromtimestamp(NOW + 300, tz=UTC)


@pytest.mark.django_db(transaction=True)
def test_four_processes_never_exceed_the_limit_and_use_it(tmp_path):
    url = database_for_children(tmp_path)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE_URL": url,
    }
    command = [sys.executable, "-m", budget_process.__name__, "4"]
    callers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [caller.communicate(timeout=300)[0] for caller in callers]

    times = sorted(float(line) for output in outputs for line in output.split())
    assert [caller.returncode for caller in callers] == [0] * 4
    assert all(outputs)
    assert most_in(times, budget_process.WINDOW) <= budget_process.CALLS
    assert len(times) >= 0.6 * budget_process.CALLS * (times[-1] - times[0])


def most_in(times: list[float], seconds: float) -> int:
    return max(bisect_left(times, t + seconds) - i for i, t in enumerate(times))


def database_for_children(tmp_path) -> str:
    """The test database; a file with the one table where that lives in memory."""
    if connection.vendor == "postgresql":
        BudgetRow.objects.filter(name="greedy").delete()
        found = connection.settings_dict
        place = f"{found['HOST']}:{found['PORT']}/{found['NAME']}"
        return f"postgres://{found['USER']}:{found['PASSWORD']}@{place}"
    path = tmp_path / "budget.sqlite3"
    table = BudgetRow._meta.db_table
    with closing(sqlite3.connect(path)) as file, connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
        file.execute(cursor.fetchone()[0])
        file.commit()
    return f"sqlite:///{path}"
