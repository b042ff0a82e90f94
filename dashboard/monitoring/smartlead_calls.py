"""The calls to Smartlead as metrics, from the counts that all workers keep together."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from assignments.services.operations.measurements import CALL_BUCKETS, rate_limited


def call_families(calls: Mapping[str, Any]) -> Iterator[Metric]:
    outcomes = CounterMetricFamily(
        "handoff_smartlead_calls",
        "Calls to Smartlead by what came of them.",
        labels=("endpoint", "outcome"),
    )
    durations = HistogramMetricFamily(
        "handoff_smartlead_call_duration_seconds",
        "How long calls to Smartlead took.",
        labels=("endpoint",),
    )
    limits = [*(f"{limit:g}" for limit in CALL_BUCKETS), "+Inf"]
    for endpoint, counted in sorted(calls.items()):
        for outcome, count in sorted(counted["outcomes"].items()):
            outcomes.add_metric((endpoint, outcome), count)
        buckets = list(zip(limits, accumulate(counted["buckets"]), strict=True))
        durations.add_metric((endpoint,), buckets, counted["seconds"])
    yield outcomes
    yield durations
    yield CounterMetricFamily(
        "handoff_smartlead_rate_limited",
        "Calls that Smartlead answered with 429.",
        rate_limited(calls),
    )
