"""Metrics, `doctor` and rate headers on a host whose clock is 5 minutes ahead."""

import io
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments import database_clock
from assignments.models import HostPart
from assignments.services.operations import host_parts
from assignments.services.task_leases import record_heartbeat
from assignments.smartlead.budget import account_budget
from dashboard.monitoring.metrics import families
from tests.assignments.smartlead.mock_client import (
    RecordingBudget,
    call_with_slot,
    client_answered_with,
)

AHEAD = timedelta(minutes=5)


@pytest.fixture
def wrong_clock(monkeypatch, db):
    """Let the worker beat, then let the test happen on a host that is ahead."""
    now = timezone.now()
    record_heartbeat("worker", at=now)
    host_parts.record_start([HostPart.Part.WORKER], at=now)
    clock = database_clock._HostClock()
    monkeypatch.setattr(database_clock, "_host_clock", clock)
    monkeypatch.setattr(clock, "look_if_due", lambda: None)
    clock.ahead = AHEAD.total_seconds()
    with time_machine.travel(now + AHEAD):
        yield


def test_metrics_do_not_call_a_worker_silent_that_works(wrong_clock):
    found = {family.name: family.samples for family in families()}

    assert found["handoff_worker_silent"][0].value == 0
    ages = {
        sample.labels["part"]: sample.value
        for sample in found["handoff_heartbeat_age_seconds"]
    }
    assert ages["worker"] < 60


def test_doctor_says_of_the_clock_alone_that_it_is_wrong(wrong_clock):
    said = io.StringIO()

    with pytest.raises(CommandError):
        call_command("doctor", stdout=said, no_color=True)

    bad = [line for line in said.getvalue().splitlines() if line.startswith("BAD")]
    assert [line for line in bad if "worker" in line] == []
    assert "300 s apart" in "".join(line for line in bad if "clock" in line)


def test_the_reset_of_a_limit_is_counted_from_the_true_time(wrong_clock):
    resets_at = database_clock.seconds() + 30
    answer = httpx.Response(
        200,
        json={"ok": True, "data": []},
        headers={"x-ratelimit-reset": f"{resets_at:.0f}"},
    )
    budget = RecordingBudget(clock=account_budget().clock)

    with client_answered_with(lambda _: answer, budget=budget) as client:
        call_with_slot(client, lambda c: c.inbox("inbox-replies"))

    [(_, rate)] = budget.outcomes
    assert 28 < rate.resets_in < 32
