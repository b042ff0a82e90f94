"""Deliveries are signed, tried again for three days, and never hold up others: at a real
receiver, which verifies them.
"""

import logging
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from assignments import webhook_sender
from assignments.models import OutgoingDelivery, OutgoingEvent
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.outgoing_webhooks import delivery_queue, endpoints, replay
from assignments.tasks import deliver_outgoing
from tests.assignments.services.outgoing_webhooks.conftest import (
    make_endpoint,
    only_delivery,
)
from tests.assignments.services.outgoing_webhooks.worker_steps import (
    HOUR,
    happen,
    send_due,
)
from tests.factories import MONDAY, make_user
from tests.webhook_receiver import open_receiver

pytestmark = pytest.mark.django_db
DAY = 24 * HOUR


class TestArrival:
    def test_an_event_arrives_once_signed_and_in_the_shape_of_the_scheme(
        self, endpoint, receiver
    ):
        event = happen(lead_id=7, to={"id": 1, "name": "Zoë"})

        send_due()
        send_due()

        assert receiver.ids == [event.message_id]
        assert receiver.events == [
            {
                "type": "owner.changed",
                "timestamp": "2026-05-11T09:00:00.000+00:00",
                "data": {"lead_id": 7, "to": {"id": 1, "name": "Zoë"}},
            }
        ]
        delivery = only_delivery()
        assert (delivery.state, delivery.last_status) == ("delivered", 204)

    def test_the_task_of_the_worker_sends_what_is_due(self, endpoint, receiver):
        happen()

        said = deliver_outgoing()

        assert said == "Attempts: 1."
        assert len(receiver.events) == 1

    def test_the_log_has_a_line_for_each_attempt(
        self, endpoint, receiver, clock, caplog
    ):
        caplog.set_level(logging.INFO)
        happen()
        receiver.status = 500
        send_due()
        receiver.status = 204
        clock.shift(HOUR)
        send_due()

        lines = [
            (record.status, record.outcome, record.attempt, record.getMessage())
            for record in caplog.records
            if record.name == delivery_queue.__name__
        ]
        assert [line[:3] for line in lines] == [(500, "5xx", 1), (204, "2xx", 2)]
        assert lines[0][3].startswith(f"Webhook endpoint {endpoint.pk}: 500 in ")
        assert receiver.url not in caplog.text

    def test_oldest_first(self, endpoint, receiver):
        for number in range(3):
            happen(lead_id=number)

        send_due()

        assert [event["data"]["lead_id"] for event in receiver.events] == [0, 1, 2]

    def test_an_answer_is_kept_in_part_and_in_one_line(self, endpoint, receiver):
        receiver.status, receiver.body = 200, b"\0<b>fine</b>\n" + b"x" * 1_000_000
        happen()

        send_due()

        delivery = only_delivery()
        assert delivery.state == "delivered"
        assert delivery.answer.startswith("<b>fine</b> xxx")
        assert len(delivery.answer) == 300


class TestSecrets:
    def test_only_an_encrypted_secret_is_stored(self, endpoint, receiver):
        assert receiver.secret.startswith("whsec_")
        assert receiver.secret not in endpoint.secret
        assert receiver.secret[6:] not in endpoint.secret

    def test_after_a_rotation_both_secrets_sign_for_a_day(
        self, endpoint, receiver, sara, clock
    ):
        new = endpoints.rotate_secret(actor=sara, endpoint=endpoint, at=MONDAY)
        happen()

        send_due()
        receiver.secret = new
        happen()
        send_due()
        clock.shift(DAY + timedelta(seconds=1))
        happen()
        send_due()

        assert [len(signed) for signed in receiver.signatures] == [2, 2, 1]
        assert len(receiver.events) == 3

    def test_another_secret_key_is_said_and_a_rotation_mends_it(
        self, endpoint, receiver, sara, settings, clock
    ):
        settings.SECRET_KEY = "another" * 10
        happen()

        send_due()

        assert only_delivery().outcome.startswith("SECRET_KEY has changed")
        with pytest.raises(AssignmentRefused, match="Rotate it"):
            endpoints.secret_of(actor=sara, endpoint=endpoint)
        receiver.secret = endpoints.rotate_secret(
            actor=sara, endpoint=endpoint, at=MONDAY
        )
        clock.shift(HOUR)
        send_due()
        assert len(receiver.events) == 1

    def test_a_fallback_key_still_reads_it(self, endpoint, receiver, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another" * 10
        happen()

        send_due()

        assert len(receiver.events) == 1

    def test_only_a_sales_manager_sees_it(self, endpoint):
        with pytest.raises(NotAllowed):
            endpoints.secret_of(actor=make_user(), endpoint=endpoint)


class TestRetries:
    def test_the_pauses_grow_over_three_days_then_it_has_failed(
        self, endpoint, receiver, clock
    ):
        receiver.status = 500
        happen()
        pauses = []

        while (delivery := _sent()).state == "waiting":
            pauses.append(delivery.next_attempt_at - timezone.now())
            clock.move_to(max(delivery.next_attempt_at, _rested(endpoint)))

        assert tuple(pauses) == delivery_queue.RETRY_AFTER
        assert (delivery.state, delivery.attempts) == ("failed", 10)
        assert delivery.outcome == "It answered with 500."
        assert len(set(receiver.ids)) == 1

    def test_nothing_in_three_days_disables_the_endpoint(
        self, endpoint, receiver, clock
    ):
        receiver.status = 500
        happen()
        while _sent().state == "waiting":
            clock.shift(DAY)

        endpoint.refresh_from_db()

        assert not endpoint.is_active
        assert endpoint.was_stopped
        assert (
            endpoint.disabled_why == "Nothing arrived for 3 days. It answered with 500."
        )

    def test_410_disables_at_once_and_nothing_more_is_written(self, endpoint, receiver):
        receiver.status = 410
        first, second = happen(), happen()

        send_due()

        endpoint.refresh_from_db()
        states = OutgoingDelivery.objects.order_by("pk").values_list("state", flat=True)
        assert list(states) == ["failed", "failed"]
        assert endpoint.disabled_why == "It answered with 410: it wants no more events."
        assert receiver.ids == [first.message_id]
        assert OutgoingEvent.objects.count() == len([first, second])

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("is_date", [False, True])
    def test_retry_after_is_kept(self, endpoint, receiver, status, is_date):
        receiver.status = status
        at = MONDAY + 2 * HOUR
        receiver.headers = {
            "Retry-After": format_datetime(at, usegmt=True) if is_date else "7200"
        }
        happen()

        send_due()

        assert only_delivery().next_attempt_at == at

    @pytest.mark.parametrize("text", ["soon", "-5", "9" * 400, "²", ""])
    def test_a_strange_retry_after_waits_at_most_a_day(self, endpoint, receiver, text):
        receiver.status = 429
        answer = webhook_sender.SentAnswer(status=429, retry_after=text, text="")

        result = delivery_queue._read_answer(answer, MONDAY)

        assert result.pause is None or result.pause <= DAY

    def test_a_redirect_is_a_failure_and_not_followed(self, endpoint, receiver):
        receiver.status = 302
        receiver.headers = {"Location": receiver.url}
        happen()

        send_due()

        delivery = only_delivery()
        assert (delivery.state, receiver.calls) == ("waiting", 1)
        assert "a redirect" in delivery.outcome

    def test_a_receiver_that_hangs_costs_the_deadline(
        self, endpoint, receiver, monkeypatch
    ):
        monkeypatch.setattr(webhook_sender, "DEADLINE", 0.2)
        receiver.hangs = True
        happen()

        send_due()

        assert only_delivery().outcome.startswith("There was no answer within")

    def test_nobody_at_the_address(self, sara, settings, clock):
        settings.OUTGOING_PRIVATE = True
        with open_receiver() as gone:
            pass
        make_endpoint(sara, gone.url)
        happen()

        send_due()

        assert only_delivery().outcome == "Nothing answers at this address."


class TestOthers:
    def test_a_failing_endpoint_holds_up_no_other(self, endpoint, receiver, sara):
        with open_receiver() as broken:
            broken.status = 500
            make_endpoint(sara, broken.url)
            for number in range(5):
                happen(lead_id=number)

            send_due()

        assert len(receiver.events) == 5
        assert broken.calls == 1

    def test_it_gets_the_rest_once_it_works_again(self, endpoint, receiver, clock):
        receiver.status = 500
        for number in range(3):
            happen(lead_id=number)
        send_due()
        receiver.status = 204

        clock.shift(HOUR)
        send_due()

        # The one that was sent in vain came first, then too.
        assert [e["data"]["lead_id"] for e in receiver.events] == [0, 0, 1, 2]


class TestReplay:
    def test_one_delivery_again_with_the_same_id(self, endpoint, receiver, sara):
        event = happen()
        send_due()

        replay.replay_delivery(actor=sara, delivery=only_delivery(), at=MONDAY)
        send_due()

        assert receiver.ids == [event.message_id] * 2

    def test_all_that_failed_since_a_time(self, endpoint, receiver, sara, clock):
        receiver.status = 410
        happen(lead_id=1)
        send_due()
        endpoints.enable_endpoint(actor=sara, endpoint=endpoint)
        clock.shift(HOUR)
        happen(lead_id=2)
        send_due()
        endpoints.enable_endpoint(actor=sara, endpoint=endpoint)
        endpoint.refresh_from_db()
        receiver.status, receiver.events = 204, []

        count = replay.replay_failed(
            actor=sara, endpoint=endpoint, since=MONDAY + HOUR, at=timezone.now()
        )
        send_due()

        assert count == 1
        assert [event["data"]["lead_id"] for event in receiver.events] == [2]

    def test_not_to_a_disabled_endpoint(self, endpoint, receiver, sara):
        receiver.status = 410
        happen()
        send_due()

        with pytest.raises(AssignmentRefused, match="Enable it"):
            replay.replay_delivery(actor=sara, delivery=only_delivery(), at=MONDAY)


class TestPruning:
    def test_what_arrived_is_kept_for_30_days_and_what_failed_for_90(
        self, endpoint, receiver, sara
    ):
        happen()
        send_due()
        receiver.status = 410
        happen()
        send_due()

        removed = [
            replay.prune_deliveries(at=MONDAY + days * DAY) for days in (29, 31, 91)
        ]

        assert removed == [0, 1, 1]
        assert not OutgoingEvent.objects.exists()

    def test_a_removed_endpoint_goes_with_its_deliveries(self, endpoint, sara):
        happen()

        endpoints.remove_endpoint(actor=sara, endpoint=endpoint, at=MONDAY)
        replay.prune_deliveries(at=MONDAY + 2 * HOUR)
        replay.prune_deliveries(at=MONDAY + 2 * HOUR)

        assert not OutgoingDelivery.objects.exists()
        assert not type(endpoint).objects.exists()


def _sent() -> OutgoingDelivery:
    send_due()
    return only_delivery()


def _rested(endpoint) -> object:
    endpoint.refresh_from_db()
    return endpoint.not_before
