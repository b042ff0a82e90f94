"""A client that talks to whatever a test wants Smartlead to be."""

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
from assignments.smartlead.client import Client, connect


class RecordingBudget(CallBudget):
    """A budget without limits that remembers what became of its slots."""

    def __init__(self) -> None:
        super().__init__(limits=[(1000, 1.0)], name="purse")
        self.events: list[tuple[object, ...]] = []

    def take(self, kind: CallKind) -> Slot:
        return Slot(token="slot", kind=kind, expires=time.monotonic() + 15.0)

    def give_back(self, slot: Slot) -> None:
        self.events.append(("given back",))

    def finish(self, slot: Slot, *, rate: RateReport = NO_REPORT) -> None:
        self.events.append(("finished", rate))

    def limited(
        self, slot: Slot, *, retry_after: float | None, rate: RateReport = NO_REPORT
    ) -> None:
        self.events.append(("limited", retry_after, rate))


@contextmanager
def smartlead_that(
    answer: httpx.Response | Callable[[httpx.Request], httpx.Response],
    *,
    budget: CallBudget | None = None,
) -> Iterator[Client]:
    handler = answer if callable(answer) else lambda _: answer
    transport = httpx.MockTransport(handler)
    with connect(transport=transport, budget=budget or RecordingBudget()) as client:
        yield client


def ask[T](client: Client, call: Callable[[Client], T]) -> T:
    slot = client.budget.take(CallKind.INTERACTIVE)
    assert isinstance(slot, Slot)
    with client.spending(slot):
        return call(client)


def answered[T](answer: httpx.Response, call: Callable[[Client], T]) -> T:
    with smartlead_that(answer) as client:
        return ask(client, call)
