from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments.models import Lead, TaskLease
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services import task_leases
from assignments.smartlead.client import Client
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def sync(*args: str) -> str:
    out = StringIO()
    call_command("sync", *args, stdout=out, stderr=out)
    return out.getvalue()


def test_sync_reads_what_is_new_and_says_what_it_brought(world):
    said = sync()

    assert f"{Lead.objects.count()} new leads" in said
    assert Lead.objects.filter(company="").exists()


def test_sync_full_reads_everything(world):
    sync("--full")

    assert not Lead.objects.filter(company="")


def test_a_failing_source_ends_it_with_an_error_that_names_it(world):
    world.set_behaviour(assigned_me="broken")

    with pytest.raises(CommandError, match="1 source was not read"):
        sync("--full")

    assert Lead.objects.exists()


def test_a_wrong_key_is_said_and_nothing_is_bound(world):
    world.keys.clear()

    with pytest.raises(CommandError):
        sync()

    assert not Lead.objects.exists()


def test_another_accounts_database_is_not_read_into(world: FakeSmartlead):
    make_account(fingerprint="other", base_url="http://elsewhere.test")

    with pytest.raises(CommandError, match="elsewhere"):
        sync()

    assert world.call_log.calls() == []


def test_it_waits_for_a_worker_that_reads_and_leaves_the_seat_free(world, settings):
    settings.SEAT_TIME = 0.0
    now = timezone.now()
    taken = task_leases.acquire_lease(
        ("sync",), at=now, until=now + timedelta(minutes=1)
    )
    with pytest.raises(CommandError, match="keeps reading"):
        sync()

    task_leases.release_lease(taken)
    sync()

    assert TaskLease.objects.get(pk="sync").until is None


def test_a_command_that_has_lost_its_seat_stops(world, monkeypatch):
    read = Client.inbox

    def lose_seat(*args: Any, **kwargs: Any) -> Any:
        TaskLease.objects.update(token="somebody else's")
        return read(*args, **kwargs)

    monkeypatch.setattr(Client, "inbox", lose_seat)

    with pytest.raises(CommandError, match="Another process"):
        sync()

    assert TaskLease.objects.get(pk="sync").token == "somebody else's"
