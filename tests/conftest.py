"""The test double is the sandbox: every test goes through the real client."""

import gc
from collections.abc import Iterator

import httpx
import pytest

from assignments.sandbox.world import World
from assignments.sandbox.wsgi import application
from assignments.smartlead import client as smartlead
from tests.factories import MONDAY


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A small Smartlead in this process; `connect()` reaches it and nothing else."""
    world = World(leads=30, now=MONDAY.timestamp(), limits=[(100_000, 60)])
    transport = httpx.WSGITransport(app=application(world))
    monkeypatch.setattr(smartlead, "default_transport", lambda: transport)
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _plenty_of_budget(settings) -> None:
    settings.SMARTLEAD_RATE_LIMITS = [(100_000, 60.0)]


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Tasks are recorded instead of queued: nothing runs behind a test's back."""
    tasks: list[tuple[object, ...]] = []

    def record(*args: object, **_: object) -> None:
        tasks.append(args)

    monkeypatch.setattr("assignments.nudges.async_task", record)
    return tasks
