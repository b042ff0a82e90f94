"""Metrics of `/metrics`, as families of prometheus-client.

Labels come from lists of our own (urgencies, pages, endpoints): never a name, an address
or a key. Each number is measured by `assignments.services.operations.measurements`.
"""

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
)
from prometheus_client.metrics_core import Metric

from assignments import database_clock
from assignments.models import Account
from assignments.models.assignment import Urgency
from assignments.services.operations import measurements
from assignments.services.operations.measurements import Measurements, WindowUse, age
from assignments.services.operations.smartlead_state import SmartleadState
from assignments.version import VERSION
from dashboard.monitoring.request_metrics import request_families
from dashboard.monitoring.smartlead_calls import call_families


def families() -> Iterator[Metric]:
    """Yield all metrics; without a database only those that need none."""
    yield _labelled(
        "handoff_build_info",
        "The version of Handoff and what it runs on; always 1.",
        ("version", "python", "database"),
        {(VERSION, platform.python_version(), connection.vendor): 1},
    )
    began, at = time.perf_counter(), database_clock.now()
    try:
        found = measurements.take_measurements(at=at)
    except (DatabaseError, InterfaceError):
        found = None
    yield _gauge("handoff_database_up", "1 if the database answers.", found is not None)
    yield _gauge(
        "handoff_measuring_seconds",
        "How long the queries of this answer took.",
        time.perf_counter() - began,
    )
    yield from request_families()
    if found is not None:
        yield from measured(found, at)


def measured(found: Measurements, at: datetime) -> Iterator[Metric]:
    yield from _smartlead(found, at)
    yield from call_families(found.calls)
    yield from _queue(found, at)
    yield from _mirror_and_worker(found)
    yield from _coverages(found)
    yield from _mails(found, at)
    yield from _chat_and_outgoing(found, at)
    yield from _webhooks_and_sign_ins(found)


def _smartlead(found: Measurements, at: datetime) -> Iterator[Metric]:
    yield _labelled(
        "handoff_smartlead_state",
        "1 for the state that the system page shows, 0 for the others.",
        ("state",),
        {(state.value,): state == found.smartlead for state in SmartleadState},
    )
    yield from _limit(found.budget.windows)
    yield _gauge(
        "handoff_smartlead_pause_seconds",
        "Seconds until calls are made again after a 429; 0 without a pause.",
        _left(found.budget.paused_until, at),
    )
    yield CounterMetricFamily(
        "handoff_smartlead_foreign_calls",
        "Calls of others on the same key that were noticed.",
        found.budget.foreign_calls,
    )
    yield from _switches(found.account)


def _limit(windows: Sequence[WindowUse]) -> Iterator[Metric]:
    yield _labelled(
        "handoff_smartlead_limit_calls",
        "Calls that are allowed in each window, by its length in seconds.",
        ("window",),
        {(f"{window.seconds:g}",): window.limit for window in windows},
    )
    yield _labelled(
        "handoff_smartlead_used_calls",
        "Calls of the limit that are used now.",
        ("window",),
        {(f"{window.seconds:g}",): window.used for window in windows},
    )
    yield _labelled(
        "handoff_smartlead_limit_used_ratio",
        "Share of the call limit that is used now, from 0 to 1.",
        ("window",),
        {(f"{w.seconds:g}",): w.used / max(1, w.limit) for w in windows},
    )


def _switches(account: Account) -> Iterator[Metric]:
    yield _gauge(
        "handoff_writes_paused",
        "1 while all writes to Smartlead are paused.",
        account.paused_at is not None,
    )
    yield _gauge(
        "handoff_bulk_paused",
        "1 while bulk assignments are paused.",
        account.bulk_paused_at is not None,
    )


def _queue(found: Measurements, at: datetime) -> Iterator[Metric]:
    waiting, oldest = dict.fromkeys(Urgency, 0), dict.fromkeys(Urgency, 0.0)
    for urgency, row in found.queue.by_urgency.items():
        waiting[urgency], oldest[urgency] = row.waiting, age(row.oldest_at, at)
    # Notes are rows of their own, so no assignment has this urgency.
    waiting[Urgency.NOTE] = found.queue.notes
    oldest[Urgency.NOTE] = _age(found.queue.oldest_note_at, at)
    yield _labelled(
        "handoff_queue_waiting",
        "Changes that wait to be sent to Smartlead.",
        ("urgency",),
        {(urgency.name.lower(),): count for urgency, count in waiting.items()},
    )
    yield _labelled(
        "handoff_queue_oldest_seconds",
        "Age of the oldest change that waits; 0 if none does.",
        ("urgency",),
        {(urgency.name.lower(),): seconds for urgency, seconds in oldest.items()},
    )
    yield _gauge(
        "handoff_queue_sending", "Changes that are being sent.", found.queue.sending
    )


def _mirror_and_worker(found: Measurements) -> Iterator[Metric]:
    yield _labelled(
        "handoff_mirror_age_seconds",
        "Seconds since the last complete pass; none before the first.",
        ("source",),
        {(name,): seconds for name, seconds in found.source_ages.items()},
    )
    yield _labelled(
        "handoff_mirror_failing",
        "1 if the last read of this source failed.",
        ("source",),
        {(name,): fails for name, fails in found.failing_sources.items()},
    )
    yield _labelled(
        "handoff_heartbeat_age_seconds",
        "Seconds since the last sign of life of worker, tick and sync.",
        ("part",),
        {(name,): seconds for name, seconds in found.heartbeat_ages.items()},
    )
    yield _gauge(
        "handoff_worker_silent",
        "1 if no worker has given a sign of life of late.",
        found.worker_is_silent,
    )


def _coverages(found: Measurements) -> Iterator[Metric]:
    yield _gauge(
        "handoff_coverages_to_look_at",
        "Coverages with a problem that waits for a person.",
        found.coverages_to_look_at,
    )
    yield _gauge(
        "handoff_coverages_returns_overdue",
        "Coverages whose member is back and whose leads are not.",
        found.overdue_returns,
    )
    yield _gauge(
        "handoff_coverages_to_confirm",
        "Proposed absences that nobody has decided about.",
        found.coverages_to_confirm,
    )


def _mails(found: Measurements, at: datetime) -> Iterator[Metric]:
    mails = found.mails
    yield _gauge("handoff_mails_waiting", "Messages not delivered yet.", mails.waiting)
    yield _gauge(
        "handoff_mails_oldest_seconds",
        "Age of the oldest message that waits; 0 if none does.",
        _age(mails.oldest_at, at),
    )
    yield _gauge(
        "handoff_mails_refused",
        "Refused messages that nobody has looked at.",
        mails.returned,
    )
    yield _gauge(
        "handoff_mail_server_trouble",
        "1 while the mail server is in trouble.",
        mails.is_trouble,
    )


def _chat_and_outgoing(found: Measurements, at: datetime) -> Iterator[Metric]:
    chat, outgoing = found.chat, found.outgoing
    yield _gauge(
        "handoff_chat_messages_waiting",
        "Messages in chat not delivered yet.",
        chat.waiting,
    )
    yield _gauge(
        "handoff_chat_channels_failing",
        "Chat channels whose last message did not arrive.",
        chat.failing,
    )
    yield _labelled(
        "handoff_outgoing_deliveries",
        "Deliveries of outgoing webhooks that wait, or have failed for good.",
        ("state",),
        {("waiting",): outgoing.waiting, ("failed",): outgoing.failed},
    )
    yield _gauge(
        "handoff_outgoing_oldest_seconds",
        "Age of the oldest delivery that waits; 0 if none does.",
        _age(outgoing.oldest_at, at),
    )
    yield _labelled(
        "handoff_outgoing_endpoints",
        "Endpoints that fail again and again, or that Handoff has disabled for it.",
        ("state",),
        {("failing",): outgoing.failing, ("stopped",): outgoing.stopped},
    )


def _webhooks_and_sign_ins(found: Measurements) -> Iterator[Metric]:
    counts = found.webhooks
    kinds = ("events", "done", "unmatched", "failed")
    yield _gauge("handoff_webhooks_open", "1 if webhooks are taken in.", counts.is_open)
    yield _labelled(
        "handoff_webhooks_day",
        "Webhooks of the last 24 hours: all events, and by what became of them.",
        ("outcome",),
        {(kind,): getattr(counts, kind) for kind in kinds},
    )
    yield _labelled(
        "handoff_webhooks_refused_week",
        "Requests that were refused at the address of webhooks in the last 7 days.",
        ("reason",),
        {(reason,): count for reason, count in counts.refused.items()},
    )
    yield _labelled(
        "handoff_sign_ins_recent",
        "Sign-ins, wrong passwords and locks of the last 15 minutes.",
        ("kind",),
        {(kind,): count for kind, count in found.sign_ins.items()},
    )


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, float(value))


def _labelled(
    name: str,
    words: str,
    labels: tuple[str, ...],
    values: Mapping[tuple[str, ...], float],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, float(value))
    return family


def _age(moment: datetime | None, at: datetime) -> float:
    return age(moment, at) if moment else 0.0


def _left(moment: datetime | None, at: datetime) -> float:
    return age(at, moment) if moment else 0.0
