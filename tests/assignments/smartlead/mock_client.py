"""A client whose Smartlead is a handler of the test."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from assignments.smartlead.budget import (
    NO_REPORT,
    CallBudget,
    CallKind,
    RateReport,
    Slot,
)
from assignments.smartlead.call_record import CallRecord
from assignments.smartlead.client import Client, connect


class RecordingBudget(CallBudget):
    """A budget without limits that records what became of its slots."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(limits=[(1000, 1.0)], name="recording", clock=clock)
        self.outcomes: list[tuple[object, ...]] = []

    def take(self, kind: CallKind) -> Slot:
        return Slot(token="slot", kind=kind, expires=time.monotonic() + 15.0)

    def give_back(self, slot: Slot) -> None:
        self.outcomes.append(("given back",))

    def finish(
        self,
        slot: Slot,
        *,
        rate: RateReport = NO_REPORT,
        call: CallRecord | None = None,
    ) -> None:
        self.outcomes.append(("finished", rate))

    def record_429(
        self,
        slot: Slot,
        *,
        retry_after: float | None,
        rate: RateReport = NO_REPORT,
        call: CallRecord | None = None,
    ) -> None:
        self.outcomes.append(("limited", retry_after, rate))


@contextmanager
def client_answered_with(
    answer: httpx.Response | Callable[[httpx.Request], httpx.Response],
    *,
    budget: CallBudget | None = None,
) -> Iterator[Client]:
    handler = answer if callable(answer) else lambda _: answer
    transport = httpx.MockTransport(handler)
    with connect(transport=transport, budget=budget or RecordingBudget()) as client:
        yield client


def call_with_slot[T](client: Client, call: Callable[[Client], T]) -> T:
    slot = client.budget.take(CallKind.INTERACTIVE)
    assert isinstance(slot, Slot)
    with client.use_slot(slot):
        return call(client)


def result_of[T](answer: httpx.Response, call: Callable[[Client], T]) -> T:
    with client_answered_with(answer) as client:
        return call_with_slot(client, call)
