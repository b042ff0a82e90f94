"""The numbers that monitoring reads: few queries, cheap at a million leads.

Each is defined where the pages read it; here they are only put together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assignments.models import Account, Coverage, Heartbeat, SyncSource
from assignments.models.sync_source import WORDS
from assignments.services import account as accounts
from assignments.services.coverage import alerts
from assignments.services.notifications import outbox
from assignments.services.notifications.chat_outbox import ChatCounts, chat_counts
from assignments.services.notifications.outbox import MailCounts
from assignments.services.operations import status
from assignments.services.operations.queue_counts import QueueCounts, queue_counts
from assignments.services.operations.smartlead_state import (
    SmartleadState,
    smartlead_state,
)
from assignments.services.outgoing_webhooks.status import (
    OutgoingHealth,
    outgoing_health,
)
from assignments.services.people import sign_ins
from assignments.services.webhooks import status as webhooks
from assignments.services.webhooks.status import WebhookCounts
from assignments.smartlead.budget import BudgetSnapshot, WindowUse, account_budget
from assignments.smartlead.call_record import BUCKETS as CALL_BUCKETS
from assignments.smartlead.call_record import RATE_LIMITED

__all__ = [
    "CALL_BUCKETS",
    "Measurements",
    "WindowUse",
    "age",
    "rate_limited",
    "take_measurements",
]

PARTS = ("worker", "tick", "sync")  # whose heartbeats are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """Numbers of one moment. Ages are in seconds; what never was has none."""

    account: Account
    smartlead: SmartleadState
    budget: BudgetSnapshot
    calls: Mapping[str, Any]
    queue: QueueCounts
    source_ages: Mapping[str, float]
    failing_sources: Mapping[str, bool]
    heartbeat_ages: Mapping[str, float]
    worker_is_silent: bool
    coverages_to_look_at: int
    overdue_returns: int
    coverages_to_confirm: int
    mails: MailCounts
    chat: ChatCounts
    outgoing: OutgoingHealth
    webhooks: WebhookCounts
    sign_ins: Mapping[str, int]


def take_measurements(*, at: datetime) -> Measurements:
    account = accounts.current_account()
    sources = [s for s in SyncSource.objects.defer("cursor") if s.name in WORDS]
    beats = list(Heartbeat.objects.filter(name__in=PARTS))
    is_silent = status.is_silent(beats, at)
    budget = account_budget()
    troubles = alerts.all_troubles(at)
    return Measurements(
        account=account,
        smartlead=smartlead_state(account, sources=sources, worker_is_silent=is_silent),
        budget=budget.snapshot(),
        calls=budget.call_counts(),
        queue=queue_counts(),
        source_ages=_ages(sources, at),
        failing_sources={source.name: bool(source.error) for source in sources},
        heartbeat_ages={beat.name: age(beat.beat_at, at) for beat in beats},
        worker_is_silent=is_silent,
        coverages_to_look_at=len({trouble.coverage.pk for trouble in troubles}),
        overdue_returns=len({t.coverage.pk for t in troubles if t.is_overdue_return}),
        coverages_to_confirm=_proposals(at),
        mails=outbox.mail_counts(),
        chat=chat_counts(),
        outgoing=outgoing_health(),
        webhooks=webhooks.webhook_counts(at=at),
        sign_ins=Counter(sign_ins.recent_kinds(at=at)),
    )


def rate_limited(calls: Mapping[str, Any]) -> int:
    """Return how many of all calls were answered with 429."""
    return sum(row["outcomes"].get(RATE_LIMITED, 0) for row in calls.values())


def age(moment: datetime, at: datetime) -> float:
    """Return the seconds from `moment` to `at`, at least 0: clocks may differ."""
    return max(0.0, (at - moment) / timedelta(seconds=1))


def _ages(sources: Sequence[SyncSource], at: datetime) -> dict[str, float]:
    return {s.name: age(s.completed_at, at) for s in sources if s.completed_at}


def _proposals(at: datetime) -> int:
    proposed = Coverage.objects.filter(state=Coverage.State.PROPOSED, ends_at__gt=at)
    return proposed.count()
