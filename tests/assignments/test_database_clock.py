"""Two hosts whose clocks differ by 20 s: what one holds, the other leaves alone."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from assignments import database_clock, task_queue, tasks
from assignments.models import TaskLease
from assignments.models.assignment import State
from assignments.services.dispatch import queue
from assignments.services.dispatch.queue import DispatchJob, DueRow
from tests.dispatch_harness import state_of
from tests.factories import make_assignment

AHEAD = timedelta(seconds=20)


@pytest.fixture
def host_clock(monkeypatch):
    clock = database_clock._HostClock()
    monkeypatch.setattr(database_clock, "_host_clock", clock)
    return clock


@pytest.fixture
def another_host(host_clock):
    """Let the rest of the test happen on a host whose clock is ahead, which it knows."""
    with time_machine.travel(timezone.now() + AHEAD):
        host_clock.ahead = AHEAD.total_seconds()
        yield


@pytest.mark.django_db
class TestAheadOfTheDatabase:
    def test_the_time_is_that_of_the_database(self, another_host):
        ahead = timezone.now() - database_clock.now()

        assert abs(ahead - AHEAD) < timedelta(seconds=1)
        assert abs(database_clock.seconds() - database_clock.now().timestamp()) < 1

    def test_leases_that_another_host_holds_are_left_to_it(self, office, another_host):
        row = make_assignment(office.lead(), office.members[1])
        ends = database_clock.now() + AHEAD / 2
        for name in task_queue.DISPATCH_LEASES:
            TaskLease.objects.create(name=name, token="theirs", until=ends)

        assert task_queue.are_leases_taken(task_queue.DISPATCH_LEASES)
        assert tasks.dispatch() == "Both seats are taken."
        assert state_of(row) == State.WAITING

    def test_a_claim_of_another_host_is_not_taken_over_before_it_ends(
        self, office, another_host, settings
    ):
        row = make_assignment(office.lead(), office.members[1])
        real_now = database_clock.now()
        claimed_at = real_now - timedelta(seconds=settings.LEASE) + AHEAD / 2
        claim = queue._claim(DueRow(DispatchJob.SEND, row.pk, real_now), claimed_at)
        assert claim is not None
        settings.SEAT_TIME = 0.1

        tasks.dispatch()

        row.refresh_from_db()
        assert (row.state, row.token) == (State.SENDING, claim.token)


@pytest.mark.django_db(transaction=True)
class TestLook:
    @pytest.fixture(autouse=True)
    def _postgresql_alone_has_a_clock_of_its_own(self, settings):
        if connection.vendor != "postgresql":
            pytest.skip("SQLite has no clock of its own")
        settings.CLOCK_TOLERANCE = 2.0

    def test_a_host_that_is_off_learns_by_how_much(self, host_clock):
        with time_machine.travel(timezone.now() + AHEAD):
            assert 19 < database_clock.seconds_ahead() < 21

    def test_a_difference_within_the_tolerance_is_none(self, host_clock):
        assert database_clock.seconds_ahead() == 0.0
