from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from assignments.models import (
    Budget,
    Coverage,
    Heartbeat,
    SyncSource,
    WebhookEvent,
    WebhookRefusal,
)
from assignments.services.coverage import alerts
from assignments.services.operations import status
from assignments.services.webhooks import status as webhooks
from assignments.smartlead.budget import account_budget
from assignments.smartlead.call_record import CallRecord, add_call
from assignments.smartlead.rate_limiter import CallKind
from tests.factories import (
    make_assignment,
    make_channel,
    make_coverage,
    make_delivery,
    make_endpoint,
    make_lead,
    make_mail,
    make_member,
    make_user,
)

DAY = timedelta(days=1)
TOKEN = "t" * 40


def ask(client, **request):
    headers = {"Host": "127.0.0.1:8000"} | request.pop("headers", {})
    return client.get("/metrics", headers=headers, **request)


def values(client) -> dict[tuple[str, ...], float]:
    """Return the value of each sample by its name and the values of its labels."""
    response = ask(client)
    assert response.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.mark.django_db
class TestReaders:
    def test_this_machine_reads_without_a_token(self, client):
        assert ask(client).status_code == 200

    @pytest.mark.parametrize(
        "header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"]
    )
    def test_nobody_reads_through_a_proxy_on_this_machine(self, client, header):
        assert ask(client, headers={header: "127.0.0.1"}).status_code == 404

    def test_nobody_reads_through_a_proxy_that_says_nothing(self, client, settings):
        settings.ALLOWED_HOSTS = ["handoff.example.com"]

        response = ask(client, headers={"Host": "handoff.example.com"})

        assert response.status_code == 404

    @pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.2", ""])
    def test_nobody_else_reads_without_a_token(self, client, peer):
        assert ask(client, REMOTE_ADDR=peer).status_code == 404

    def test_anybody_reads_with_the_token(self, client, settings):
        settings.METRICS_TOKEN = TOKEN

        response = ask(
            client,
            headers={"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "1.2.3.4"},
            REMOTE_ADDR="203.0.113.7",
        )

        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize("sent", ["", "Bearer", f"Bearer {TOKEN}x", TOKEN, "é"])
    def test_nobody_reads_with_a_wrong_token_not_even_here(
        self, client, settings, sent
    ):
        settings.METRICS_TOKEN = TOKEN

        assert ask(client, headers={"Authorization": sent}).status_code == 404

    def test_there_is_nothing_for_others_as_at_any_wrong_address(self, client):
        refused = ask(client, REMOTE_ADDR="203.0.113.7")
        wrong = client.get("/nothing/", REMOTE_ADDR="203.0.113.7")

        assert refused.content == wrong.content

    def test_a_form_is_not_taken(self, client):
        assert client.post("/metrics", headers={"Host": "localhost"}).status_code == 405


@pytest.fixture
def busy(db, settings):
    """An account with something in each number."""
    now = timezone.now()
    settings.SMARTLEAD_RATE_LIMITS = [(8, 2.0), (55, 60.0)]
    ana, ben = make_member(), make_member("Ben")
    make_assignment(make_lead(), ana, created_at=now - timedelta(minutes=5))
    make_assignment(make_lead(), ana, created_at=now, urgency=4)
    make_mail(created_at=now - timedelta(hours=1))
    late = now - timedelta(hours=3)
    make_coverage(
        ana, ben, state=Coverage.State.ACTIVE, starts_at=late - DAY, ends_at=late
    )
    SyncSource.objects.create(name="full-pass", completed_at=late, error="No.")
    WebhookEvent.objects.create(
        key="1", type="EMAIL_REPLY", kind="reply", received_at=now, settled_at=now,
        state="done",
    )  # fmt: skip
    WebhookRefusal.objects.create(day=now.date(), reason="secret", count=3, last_at=now)
    Heartbeat.objects.update_or_create(name="tick", defaults={"beat_at": late})
    budget = account_budget()
    slot = budget.take(CallKind.INTERACTIVE)
    limited = CallRecord(method="GET", path="campaigns", seconds=0.2, status=429)
    counted = add_call({}, limited)
    Budget.objects.update(calls=counted)
    return slot


class TestNumbers:
    def test_are_those_of_the_system_page(self, busy, client):
        told = values(client)

        at = timezone.now()
        system = status.system_overview(at=at)
        urgencies = {
            name: told["handoff_queue_waiting", name] for name in ("click", "bulk")
        }
        assert urgencies == {"click": system.queue.waiting["Click"], "bulk": 1}
        assert told["handoff_queue_sending",] == system.queue.sending
        assert told["handoff_mails_waiting",] == system.mail.waiting == 1
        assert told["handoff_mails_refused",] == system.mail.returned_total
        assert told["handoff_worker_silent",] == system.worker_is_silent
        assert told["handoff_smartlead_state", system.smartlead.value] == 1
        used = {w.seconds: w.used for w in system.budget.windows}
        assert told["handoff_smartlead_used_calls", "60"] == used[60.0] == 1
        assert told["handoff_smartlead_limit_used_ratio", "60"] == pytest.approx(1 / 55)
        oldest = (at - system.queue.oldest_at).total_seconds()
        assert told["handoff_queue_oldest_seconds", "click"] == pytest.approx(
            oldest, abs=5
        )

    def test_are_those_of_coverage_and_webhooks(self, busy, client):
        told = values(client)

        troubles = alerts.all_troubles(timezone.now())
        report = webhooks.webhook_report(at=timezone.now())
        assert told["handoff_coverages_to_look_at",] == len(troubles) == 1
        assert told["handoff_coverages_returns_overdue",] == 1
        assert told["handoff_webhooks_day", "events"] == report.types[0].events == 1
        assert told["handoff_webhooks_refused_week", "secret"] == report.refused == 3

    def test_are_those_of_chat_and_outgoing_webhooks(self, busy, client):
        make_mail("", channel=make_channel(make_user(), failing_since=timezone.now()))
        make_delivery(make_endpoint(failures=3))
        make_delivery(make_endpoint(disabled_why="Gone."), outcome="Gone.")

        told = values(client)

        assert told["handoff_mails_waiting",] == 1
        assert told["handoff_chat_messages_waiting",] == 1
        assert told["handoff_chat_channels_failing",] == 1
        assert told["handoff_outgoing_deliveries", "waiting"] == 1
        assert told["handoff_outgoing_deliveries", "failed"] == 1
        assert told["handoff_outgoing_oldest_seconds",] > 0
        assert told["handoff_outgoing_endpoints", "failing"] == 1
        assert told["handoff_outgoing_endpoints", "stopped"] == 1

    def test_tell_calls_and_429s_of_all_workers(self, busy, client):
        told = values(client)

        assert told["handoff_smartlead_rate_limited_total",] == 1
        assert told["handoff_smartlead_calls_total", "GET campaigns", "429"] == 1
        name = "handoff_smartlead_call_duration_seconds_bucket"
        assert told[name, "GET campaigns", "0.1"] == 0
        assert told[name, "GET campaigns", "0.25"] == 1
        assert told[name, "GET campaigns", "+Inf"] == 1

    def test_tell_ages_of_mirror_and_tick(self, busy, client):
        told = values(client)

        three_hours = pytest.approx(3 * 3600, abs=60)
        assert told["handoff_mirror_age_seconds", "full-pass"] == three_hours
        assert told["handoff_mirror_failing", "full-pass"] == 1
        assert told["handoff_heartbeat_age_seconds", "tick"] == three_hours

    def test_tell_requests_by_page(self, client, manager):
        client.get("/inbox/?q=Lena")

        response = ask(client)

        told = response.content.decode()
        assert 'page="inbox",status="2xx"' in told
        assert "Lena" not in told

    def test_take_as_many_queries_for_many_rows(self, busy, client, query_count):
        few = query_count(lambda: ask(client))
        ana = make_member("Cem")
        for _ in range(20):
            make_assignment(make_lead(), ana)
            make_mail()

        assert query_count(lambda: ask(client)) == few <= 25


@pytest.fixture
def query_count():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(act) -> int:
        with CaptureQueriesContext(connection) as captured:
            act()
        return len(captured)

    return count


def test_without_a_database_that_is_told(client):
    with patch(
        "dashboard.monitoring.metrics.measurements.take_measurements",
        side_effect=OperationalError,
    ):
        told = values(client)

    assert told["handoff_database_up",] == 0
    assert ("handoff_queue_sending",) not in told
