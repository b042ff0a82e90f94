import pytest

from assignments.sandbox.fake_smartlead import FakeSmartlead
from tests.assignments.sandbox.http_caller import Clock, HttpCaller


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> FakeSmartlead:
    return FakeSmartlead(
        leads=60, clock=clock, ticks=clock, sleep=clock.sleep, limits=[(10_000, 60.0)]
    )


@pytest.fixture
def call(sandbox: FakeSmartlead) -> HttpCaller:
    return HttpCaller(sandbox)
