from unittest.mock import patch

from django.db import OperationalError

from assignments.models import Heartbeat
from tests.factories import MONDAY


def test_healthz_needs_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_readyz_wants_a_worker(client, db):
    assert client.get("/readyz").status_code == 200

    Heartbeat.objects.update(beat_at=MONDAY)

    assert client.get("/readyz").status_code == 503


def test_readyz_wants_a_database(client, db):
    with patch(
        "dashboard.views.health.system.worker_is_silent", side_effect=OperationalError
    ):
        response = client.get("/readyz")

    assert response.content == b"The database does not answer.\n"
