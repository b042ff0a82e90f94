from datetime import timedelta

import pytest

from assignments.models import Account, Heartbeat, Note
from assignments.services.operations import status
from assignments.services.operations.queue_counts import queue_counts
from tests.factories import MONDAY, make_assignment, make_lead, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _worker():
    Heartbeat.objects.create(name="worker", beat_at=MONDAY)
    Account.objects.get_or_create(pk=1)


def test_nothing_is_said_when_all_is_well():
    assert status.troubles(at=MONDAY) == []


def test_a_worker_counts_as_silent_after_three_minutes():
    assert not status.worker_is_silent(at=MONDAY + timedelta(seconds=179))
    assert status.worker_is_silent(at=MONDAY + timedelta(seconds=181))


def test_a_single_failed_call_is_not_shouted():
    Account.objects.update(
        outage_since=MONDAY, outage_sentence="It is down.", probe_at=MONDAY
    )

    assert status.troubles(at=MONDAY) == []


def test_the_queue_is_counted_by_urgency():
    change = make_assignment(make_lead(), make_member())
    make_assignment(make_lead(), make_member(), urgency=4)
    Note.objects.create(
        lead=change.lead, assignment=change, text="x", reference="H", created_at=MONDAY
    )

    queue = queue_counts()

    assert queue.waiting == {"Click": 1, "Bulk": 1}
    assert (queue.notes, queue.oldest_at) == (1, MONDAY)


def test_old_decisions_ask_for_a_pause_unless_there_is_one():
    make_assignment(make_lead(), make_member())
    later = MONDAY + timedelta(hours=25)
    Heartbeat.objects.update(beat_at=later)

    assert "waited for more than a day" in status.troubles(at=later)[0].sentence

    Account.objects.update(paused_at=later, pause_reason="A restore")
    assert "paused: A restore." in status.troubles(at=later)[0].sentence


def test_drift_counts_what_others_changed_since_yesterday():
    ana = make_member()
    done = {"cause": "outside", "actor": None, "state": "done", "finished_at": MONDAY}
    make_assignment(make_lead(), ana, **done)
    old = MONDAY - timedelta(days=2)
    make_assignment(make_lead(recheck_at=MONDAY), ana, created_at=old, **done)
    make_lead(owner_known_at=None)

    drift = status.mirror_drift(at=MONDAY)

    assert (drift.outside, drift.rechecks, drift.unknown_owners) == (1, 1, 1)
