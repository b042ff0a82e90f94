"""Metrics of members: totals of a period, percentiles, and answers over time."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from django.db.models import Count, F, Q, QuerySet

from assignments.models import Lead, Member, Reply
from assignments.services.insights import lead_counts
from assignments.services.insights.answers_due import overdue
from assignments.services.insights.lead_counts import LeadCounts, MemberScope
from assignments.services.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period from `starts_at` up to, not including, `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class AnswerTimes:
    """Answers by the minutes they took, and how many kept their deadline.

    `promised` counts the answers that had a deadline.
    """

    times: Counter[int] = field(default_factory=Counter)
    promised: int = 0
    kept: int = 0

    def add(self, minutes: int, *, count: int, promised: int, kept: int) -> None:
        self.times[minutes] += count
        self.promised += promised
        self.kept += kept

    def add_all(self, other: "AnswerTimes") -> None:
        self.times += other.times
        self.promised += other.promised
        self.kept += other.kept

    @property
    def count(self) -> int:
        return self.times.total()

    @property
    def median(self) -> int | None:
        return nearest_rank(self.times, 50)

    @property
    def p90(self) -> int | None:
        return nearest_rank(self.times, 90)

    @property
    def kept_rate(self) -> float | None:
        return _share(self.kept, self.promised)


@dataclass(slots=True, kw_only=True)
class MemberMetrics:
    """Metrics of one member, or of all members in the scope (`member` None)."""

    member: Member | None = None
    counts: LeadCounts = field(default_factory=LeadCounts)
    own: AnswerTimes = field(default_factory=AnswerTimes)
    covering: AnswerTimes = field(default_factory=AnswerTimes)
    waiting: int = 0
    overdue: int = 0

    @property
    def reply_rate(self) -> float | None:
        return _share(self.counts.replied, self.counts.leads)

    @property
    def interest_rate(self) -> float | None:
        return _share(self.counts.interested, self.counts.leads)

    def value(self, key: str) -> float | None:
        """Return a metric by the key of its definition; None if there is no data.

        Shares are from 0 to 1, times in minutes. The key "waiting" and any unknown one
        give `waiting`.
        """
        match key:
            case "leads" | "assigned" | "taken_over" | "handed_over":
                number: int = getattr(self.counts, key)
                return number
            case "reply_rate":
                return self.reply_rate
            case "interest_rate":
                return self.interest_rate
            case "answered":
                return self.own.count
            case "median" | "p90" | "kept_rate":
                statistic: float | None = getattr(self.own, key)
                return statistic
            case "covering":
                return self.covering.count
        return self.waiting


@dataclass(frozen=True, slots=True)
class MetricsTable:
    """Metrics of each member, and of all of them together."""

    lines: list[MemberMetrics]
    total: MemberMetrics


def metrics_table(
    members: Iterable[Member], *, period: Period, at: datetime, scope: MemberScope
) -> MetricsTable:
    """Return the metrics of these members, who must be in the scope, in their order.

    Waiting and overdue leads are those of the moment `at`. In the total a lead that
    several members of the scope had counts once; all else is the sum of the lines.
    """
    counts = lead_counts.count_leads(period.starts_at, period.ends_at, scope=scope)
    lines = {
        member.pk: MemberMetrics(
            member=member, counts=counts.members.get(member.pk, LeadCounts())
        )
        for member in members
    }
    _add_answers(lines, period, scope)
    _add_waiting(lines, at, scope)
    total = MemberMetrics(counts=counts.total)
    for line in lines.values():
        total.own.add_all(line.own)
        total.covering.add_all(line.covering)
        total.waiting += line.waiting
        total.overdue += line.overdue
    return MetricsTable(lines=list(lines.values()), total=total)


def _add_answers(
    lines: Mapping[int, MemberMetrics], period: Period, scope: MemberScope
) -> None:
    """Add the answers of the period to the lines of the members who gave them, as
    `covering` if it was for a member away, else as `own`. Others' answers are left
    out.
    """
    # Grouped by minutes: no more rows than there are different times.
    rows = (
        answered_replies(period)
        .filter(scope.lookup("owner"), scope.sight.of_clients("lead__"))
        .order_by()
        .values("owner_id", "minutes", covers=Q(covering_for__isnull=False))
        .annotate(
            count=Count("pk"),
            promised=Count("due_at"),
            kept=Count("pk", filter=Q(answered_at__lte=F("due_at"))),
        )
    )
    for row in rows:
        if (line := lines.get(row["owner_id"] or 0)) and row["minutes"] is not None:
            answers = line.covering if row["covers"] else line.own
            answers.add(
                row["minutes"],
                count=row["count"],
                promised=row["promised"],
                kept=row["kept"],
            )


def answered_replies(period: Period) -> QuerySet[Reply]:
    """Return the replies answered from `starts_at` up to, not including, `ends_at`."""
    return Reply.objects.filter(
        answered_at__gte=period.starts_at, answered_at__lt=period.ends_at
    )


def _add_waiting(
    lines: Mapping[int, MemberMetrics], at: datetime, scope: MemberScope
) -> None:
    """Set `waiting` and `overdue` (at `at`) of the lines, counted as the linked inbox
    filters them. Lines without waiting leads stay as they are.
    """
    seen = Lead.objects.present().filter(scope.sight.leads())
    owed = seen.waiting_on_us().filter(scope.lookup("owner"))
    rows = owed.order_by().values("owner_id")
    for row in rows.annotate(
        count=Count("pk"), overdue=Count("pk", filter=overdue(at))
    ):
        if line := lines.get(row["owner_id"] or 0):
            line.waiting, line.overdue = row["count"], row["overdue"]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A member's answers in one of several periods."""

    period: Period
    own: AnswerTimes = field(default_factory=AnswerTimes)
    covering: AnswerTimes = field(default_factory=AnswerTimes)


def answer_trend(
    member: Member, periods: Sequence[Period], *, sight: Sight = EVERYTHING
) -> list[TrendPoint]:
    """Return a point for each period, in their order, with the member's answers in it,
    of `sight` the clients alone.

    An answer for a member away is `covering`, else `own`. There must be a period, and
    they follow each other without a gap. One query.
    """
    steps = [TrendPoint(period) for period in periods]
    whole = Period(starts_at=periods[0].starts_at, ends_at=periods[-1].ends_at)
    starts = [period.starts_at for period in periods]
    answered = answered_replies(whole).filter(sight.of_clients("lead__"))
    rows = answered.filter(owner=member)
    for at, minutes, covering_for, due_at in rows.values_list(
        "answered_at", "minutes", "covering_for_id", "due_at"
    ):
        if at is None or minutes is None:
            continue
        step = steps[bisect_right(starts, at) - 1]
        answers = step.own if covering_for is None else step.covering
        kept = due_at is not None and at <= due_at
        answers.add(minutes, count=1, promised=due_at is not None, kept=kept)
    return steps


def nearest_rank(times: Counter[int], percent: int) -> int | None:
    """Return the smallest value that `percent` of the values do not exceed.

    `times` says how often each value occurs; None if it is empty.
    """
    rank = ceil(times.total() * percent / 100)
    for value in sorted(times):
        rank -= times[value]
        if rank <= 0:
            return value
    return None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
