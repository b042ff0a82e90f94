from collections.abc import Callable, Iterator

import pytest

from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.dispatch.context import step_reached
from tests.dispatch_harness import DispatchHarness, open_dispatch_harness


@pytest.fixture
def office(db: None, world: FakeSmartlead) -> Iterator[DispatchHarness]:
    with open_dispatch_harness(world) as office:
        yield office


@pytest.fixture
def at_step() -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Something happens when the dispatcher reaches a step."""
    receivers = []

    def connect(step: str, act: Callable[[], object]) -> None:
        def receive(step: str, wanted: str = step, **_: object) -> None:
            if step == wanted:
                act()

        receivers.append(receive)
        step_reached.connect(receive, weak=False)

    yield connect
    for receive in receivers:
        step_reached.disconnect(receive)
