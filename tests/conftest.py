"""Fixtures of all tests. Smartlead is the sandbox: every test uses the real client."""

import gc
from collections.abc import Iterator

import httpx
import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from assignments.models import Account
from assignments.models.lead import NEVER
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.wsgi import application
from assignments.smartlead import client as smartlead
from tests.chat_server import ChatServer, open_chat_server
from tests.factories import MONDAY, make_target
from tests.skipped_tests import pytest_sessionfinish
from tests.smtp_server import (
    SmtpServer,
    mailers,
    open_dripping_server,
    open_smtp_server,
)

__all__ = ["pytest_sessionfinish"]

# The same examples everywhere, and none refused because the machine is busy.
hypothesis_settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Spare the garbage collector the modules, which stay imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20)


@pytest.fixture(autouse=True, scope="session")
def _what_migrations_make_outlives_a_flush() -> None:
    """Restore the rows that migrations make, which a flush after a test removes."""

    def restore(**_: object) -> None:
        Account.objects.get_or_create(pk=1)
        # Replies of all times count: few tests are about those from before Handoff.
        Account.objects.filter(answers_count_from=None).update(answers_count_from=NEVER)
        make_target(24 * 60)

    # Sent at the end of each flush as well.
    sender = apps.get_app_config("assignments")
    post_migrate.connect(restore, sender=sender, weak=False)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSmartlead]:
    """A sandbox in this process; `connect()` reaches it and nothing else."""
    world = FakeSmartlead(leads=30, now=MONDAY.timestamp(), limits=[(100_000, 60)])
    transport = httpx.WSGITransport(app=application(world))
    monkeypatch.setattr(smartlead, "default_transport", lambda: transport)
    yield world
    world.close()


@pytest.fixture
def postbox(settings) -> Iterator[SmtpServer]:
    """A real mail server, to which Handoff sends its mails."""
    with open_smtp_server() as box:
        settings.MAILERS = mailers(box)
        yield box


@pytest.fixture
def chat(settings) -> Iterator[ChatServer]:
    """A real chat server on this machine, to which sales managers' channels may lead."""
    settings.OUTGOING_PRIVATE = True
    with open_chat_server() as server:
        yield server


@pytest.fixture
def dripping() -> Iterator[SmtpServer]:
    """A mail server that begins a greeting and never ends it."""
    with open_dripping_server() as box:
        yield box


@pytest.fixture(autouse=True)
def _plenty_of_budget(settings) -> None:
    settings.SMARTLEAD_RATE_LIMITS = [(100_000, 60.0)]


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Arguments of the tasks that were queued; none of them is run."""
    tasks: list[tuple[object, ...]] = []

    def record(*args: object, **_: object) -> None:
        tasks.append(args)

    monkeypatch.setattr("assignments.task_queue.async_task", record)
    return tasks
