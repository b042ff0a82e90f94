"""A delivery is one worker's at a time, and no killed worker loses it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.models import OutgoingEndpoint
from assignments.services.outgoing_webhooks import delivery_queue
from tests.assignments.services.outgoing_webhooks.conftest import only_delivery
from tests.assignments.services.outgoing_webhooks.worker_steps import (
    happen,
    send_due,
)
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


class TestClaims:
    def test_are_made_by_the_row_alone(self, endpoint):
        # PostgreSQL waits for a locked row and looks at it again, but not at a subquery.
        happen()

        with CaptureQueriesContext(connection) as queries:
            claim = delivery_queue.claim_next(at=timezone.now())

        [update] = [q["sql"] for q in queries if q["sql"].startswith("UPDATE")]
        assert claim is not None
        assert update.count("SELECT") == 0

    def test_nothing_of_a_disabled_endpoint_is_claimed(self, endpoint):
        happen()
        OutgoingEndpoint.objects.update(is_active=False, disabled_at=MONDAY)

        assert delivery_queue.claim_next(at=timezone.now()) is None
        assert not delivery_queue.is_anything_due(at=timezone.now())


class TestKilledWorkers:
    def test_killed_between_claim_and_request(self, endpoint, receiver, clock):
        event = happen()
        claim = delivery_queue.claim_next(at=timezone.now())
        assert claim is not None

        at_once = send_due()
        clock.shift(timedelta(seconds=61))
        send_due()

        assert at_once == 0
        assert receiver.ids == [event.message_id]
        delivery_queue.deliver_claimed(claim, clock=timezone.now)
        assert len(receiver.ids) == 1

    def test_killed_after_the_request_it_comes_again_with_the_same_id(
        self, endpoint, receiver, clock, monkeypatch
    ):
        event = happen()

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(delivery_queue, "_settle", die)
            with pytest.raises(KeyboardInterrupt):
                send_due()
        clock.shift(timedelta(seconds=61))
        send_due()

        assert receiver.ids == [event.message_id] * 2
        assert only_delivery().state == "delivered"

    def test_a_lease_too_short_for_a_request_is_left_to_others(
        self, endpoint, receiver, clock
    ):
        happen()
        claim = delivery_queue.claim_next(at=timezone.now())
        assert claim is not None
        clock.shift(timedelta(seconds=55))

        delivery_queue.deliver_claimed(claim, clock=timezone.now)

        assert receiver.calls == 0
