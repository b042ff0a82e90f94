"""An endpoint at a real receiver, and the worker's way to it."""

from collections.abc import Iterator

import pytest
import time_machine

from assignments.models import OutgoingDelivery, OutgoingEndpoint, User
from assignments.services.outgoing_webhooks import endpoints
from tests.factories import MONDAY, make_manager
from tests.webhook_receiver import Receiver, open_receiver


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sara(db: None) -> User:
    return make_manager()


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.OUTGOING_PRIVATE = True
    with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def endpoint(
    receiver: Receiver, sara: User, clock: time_machine.Traveller
) -> OutgoingEndpoint:
    endpoint = make_endpoint(sara, receiver.url)
    receiver.secret = endpoints.secret_of(actor=sara, endpoint=endpoint)
    return endpoint


def make_endpoint(sara: User, url: str, **fields) -> OutgoingEndpoint:
    kinds = fields.pop("kinds", ALL_KINDS)
    return endpoints.add_endpoint(
        actor=sara, url=url, kinds=kinds, description="Board", at=MONDAY
    )


ALL_KINDS = (
    "owner.changed", "coverage.started", "coverage.returned", "attention.raised",
)  # fmt: skip


def only_delivery() -> OutgoingDelivery:
    return OutgoingDelivery.objects.get()
