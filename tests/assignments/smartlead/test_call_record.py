import logging

import pytest

from assignments.smartlead.budget import CallBudget
from assignments.smartlead.call_record import (
    BUCKETS,
    MOST_ENDPOINTS,
    CallRecord,
    add_call,
    calls_about,
    log_call,
)
from assignments.smartlead.rate_limiter import CallKind
from tests.assignments.smartlead.mock_client import call_with_slot


def record(path: str = "campaigns/3/leads/4/message-history", **fields) -> CallRecord:
    return CallRecord(method="GET", path=path, **{"seconds": 0.2, **fields})


class TestCounts:
    def test_are_by_endpoint_without_numbers(self):
        counts = add_call(add_call({}, record(status=200)), record(trouble="timeout"))

        [(endpoint, row)] = counts.items()
        assert endpoint == "GET campaigns/id/leads/id/message-history"
        assert row["outcomes"] == {"2xx": 1, "timeout": 1}
        assert row["seconds"] == pytest.approx(0.4)

    @pytest.mark.parametrize(("seconds", "place"), [(0.1, 0), (0.11, 1), (60, -1)])
    def test_sort_durations_into_buckets(self, seconds, place):
        [row] = add_call({}, record(status=200, seconds=seconds)).values()

        assert row["buckets"][place] == sum(row["buckets"]) == 1
        assert len(row["buckets"]) == len(BUCKETS) + 1

    def test_never_name_more_endpoints_than_there_are(self):
        counts: dict[str, object] = {}
        for number in range(MOST_ENDPOINTS + 20):
            counts = add_call(counts, record(f"path{number}", status=200))

        assert len(counts) == MOST_ENDPOINTS + 1
        assert sum(row["outcomes"]["2xx"] for row in counts.values()) == number + 1


@pytest.mark.django_db(transaction=True)
def test_each_call_of_each_worker_is_counted_in_the_row_of_the_account(world):
    from assignments.smartlead.client import connect

    for name in ("one", "one"):
        budget = CallBudget(limits=[(10, 1.0)], name=name)
        with connect(budget=budget) as client:
            call_with_slot(client, lambda client: client.categories())

    counts = CallBudget(limits=[(10, 1.0)], name="one").call_counts()
    assert counts["GET leads/fetch-categories"]["outcomes"] == {"2xx": 2}


@pytest.mark.django_db
def test_a_429_is_counted():
    budget = CallBudget(limits=[(10, 1.0)], name="one")
    slot = budget.take(CallKind.NORMAL)

    budget.record_429(slot, retry_after=1.0, call=record(status=429))

    [row] = budget.call_counts().values()
    assert row["outcomes"] == {"429": 1}


def test_the_log_names_row_and_attempt(caplog):
    with caplog.at_level(logging.INFO), calls_about("send 12", attempt=3):
        log_call(record(status=503))

    assert caplog.records[0].getMessage() == (
        "GET campaigns/3/leads/4/message-history: 503 in 200 ms, attempt 3, send 12"
    )
