"""The state of the webhooks for their page, and the leads that events have just
changed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db.models import Count, Q

from assignments.models import Lead, WebhookEvent, WebhookRefusal
from assignments.models.lead import NEVER
from assignments.services.periods import moment_from
from assignments.services.webhooks import authentication

DAY = timedelta(days=1)
MOST_LISTED = 10
MOST_TOUCHED = 20
# A transaction may be seen a moment later than one that ended after it.
OVERLAP = timedelta(seconds=1)

State = WebhookEvent.State


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCount:
    type: str
    events: int
    done: int
    unmatched: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReport:
    """Webhooks as their page shows them: last events, counts of a day, troubles,
    refusals.
    """

    last: WebhookEvent | None
    last_test: WebhookEvent | None
    types: Sequence[TypeCount]
    troubled: Sequence[WebhookEvent]
    refusals: Sequence[WebhookRefusal]
    is_silent: bool

    @property
    def refused(self) -> int:
        return sum(refusal.count for refusal in self.refusals)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCounts:
    """The numbers of the report: events of the last day, refusals of the last 7."""

    is_open: bool
    events: int
    done: int
    unmatched: int
    failed: int
    refused: Mapping[str, int]


def webhook_counts(*, at: datetime) -> WebhookCounts:
    """Return the sums of the report; `refused` is by reason, each of them, 0 too."""
    types = _types(at)
    refused = Counter({reason.value: 0 for reason in WebhookRefusal.Reason})
    for refusal in _refusals(at):
        refused[refusal.reason] += refusal.count
    return WebhookCounts(
        is_open=authentication.is_open(),
        events=sum(row.events for row in types),
        done=sum(row.done for row in types),
        unmatched=sum(row.unmatched for row in types),
        failed=sum(row.failed for row in types),
        refused=refused,
    )


def webhook_report(*, at: datetime) -> WebhookReport:
    """Return the events for the page of webhooks at `at`; tests are only in
    `last_test`.

    `types` counts the events of the last day by type, `troubled` holds the newest 10
    failed or unmatched ones of any age, `refusals` the refused requests of the last 7
    days.
    """
    real = WebhookEvent.objects.exclude(state=State.TEST)
    last = real.order_by("-received_at").first()
    tests = WebhookEvent.objects.filter(state=State.TEST)
    troubled = real.filter(state__in=(State.FAILED, State.UNMATCHED))
    return WebhookReport(
        last=last,
        last_test=tests.order_by("-received_at").first(),
        types=_types(at),
        troubled=list(troubled.order_by("-received_at")[:MOST_LISTED]),
        refusals=_refusals(at),
        is_silent=_is_silent(last, at),
    )


def _refusals(at: datetime) -> list[WebhookRefusal]:
    week = (at - 7 * DAY).date()
    return list(WebhookRefusal.objects.filter(day__gte=week))


def _types(at: datetime) -> list[TypeCount]:
    recent = WebhookEvent.objects.filter(received_at__gt=at - DAY).order_by()
    counted = recent.exclude(state=State.TEST).values("type").annotate(
        events=Count("pk"),
        done=Count("pk", filter=Q(state=State.DONE)),
        unmatched=Count("pk", filter=Q(state=State.UNMATCHED)),
        failed=Count("pk", filter=Q(state__in=(State.FAILED, State.WAITING))),
    )  # fmt: skip
    return [TypeCount(**row) for row in counted.order_by("-events", "type")]


def _is_silent(last: WebhookEvent | None, at: datetime) -> bool:
    """Return True if webhooks are open and no event but tests came in the day before
    `at`, while a lead did reply.
    """
    if not authentication.is_open() or (last and last.received_at > at - DAY):
        return False
    return Lead.objects.filter(reply_order__gt=at - DAY, reply_order__lte=at).exists()


# ── What has just come in, for lists that are looked at ─────────────────────────
@dataclass(frozen=True, slots=True)
class NewsMark:
    """The times of the last settled event and the last reply; they move when news
    arrives.
    """

    event_at: datetime
    reply_at: datetime

    @classmethod
    def now(cls) -> Self:
        settled = WebhookEvent.objects.filter(settled_at__isnull=False)
        event_at = settled.order_by("-settled_at").values_list("settled_at", flat=True)
        reply_at = Lead.objects.order_by("-reply_order", "-map_id")
        return cls(
            event_at=event_at.first() or NEVER,
            reply_at=reply_at.values_list("reply_order", flat=True).first() or NEVER,
        )

    def __str__(self) -> str:
        return f"{self.event_at.isoformat()} {self.reply_at.isoformat()}"

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Return the mark that `str` wrote; None if `text` is not two moments with a
        space between.
        """
        match [moment_from(each) for each in text.split()]:
            case [datetime() as event_at, datetime() as reply_at]:
                return cls(event_at=event_at, reply_at=reply_at)
        return None

    def beats(self, *, at: datetime) -> bool:
        """Return True if an event was settled within the day before `at`, so that
        polling often is worth it.
        """
        return self.event_at > at - DAY


def leads_changed_since(moment: datetime) -> list[int]:
    """Return ids of leads of the 20 events that were applied last after `moment` (or up
    to a second before it), newest first, each once.
    """
    done = WebhookEvent.objects.filter(
        settled_at__gt=moment - OVERLAP, state=State.DONE, map_id__isnull=False
    )
    ids = done.order_by("-settled_at").values_list("map_id", flat=True)
    return list(dict.fromkeys(key for key in ids[:MOST_TOUCHED] if key))
