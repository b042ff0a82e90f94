from datetime import datetime, timedelta
from threading import Event

import pytest

from assignments.models import TaskLease
from assignments.services import task_leases
from assignments.services.task_leases import (
    Lease,
    acquire_lease,
    free_abandoned_leases,
    renew_until,
)
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def take(name: str) -> Lease:
    lease = acquire_lease((name,), at=MONDAY, until=MONDAY + MINUTE)
    assert lease is not None
    return lease


class TestAbandonedLeases:
    def test_one_whose_process_died_is_freed_and_counted_once(self):
        take("sync")

        counts = [free_abandoned_leases(at=MONDAY + 2 * MINUTE) for _ in range(2)]

        assert counts == [1, 0]
        assert acquire_lease(("sync",), at=MONDAY, until=MONDAY + MINUTE)

    def test_one_that_runs_or_was_given_up_is_left_alone(self):
        take("sync")
        task_leases.release_lease(take("tick"))

        assert free_abandoned_leases(at=MONDAY) == 0


class TestRenewal:
    @pytest.fixture(autouse=True)
    def _renew_often(self, settings):
        settings.TASK_LEASE = 0.004

    def renew(self, lease: Lease, *, times: int, now: datetime) -> int:
        """Renew the lease that often, or until it is lost; return how often it was."""
        is_over, calls = Event(), []

        def clock() -> datetime:
            calls.append(now)
            if len(calls) == times:
                is_over.set()
            return now

        renew_until(is_over, lease, latest=MONDAY + 2 * MINUTE, clock=clock)
        return len(calls)

    def test_a_lease_is_prolonged_while_its_task_runs(self):
        self.renew(take("sync"), times=2, now=MONDAY + MINUTE)

        until = TaskLease.objects.get().until
        assert until == MONDAY + MINUTE + timedelta(seconds=0.004)

    def test_it_is_never_prolonged_beyond_its_end(self):
        self.renew(take("sync"), times=2, now=MONDAY + 3 * MINUTE)

        assert TaskLease.objects.get().until == MONDAY + 2 * MINUTE

    def test_a_lease_that_another_has_taken_is_left_to_it(self):
        lease = take("sync")
        TaskLease.objects.update(token="another", until=MONDAY)

        assert self.renew(lease, times=9, now=MONDAY) == 1
        assert TaskLease.objects.get().until == MONDAY
