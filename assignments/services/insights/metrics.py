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
from assignments.services.insights.lead_counts import Counts, Scope
from assignments.services.insights.workload import overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `starts_at` up to, not including, `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Answers:
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

    def add_all(self, other: "Answers") -> None:
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
class Figures:
    """Metrics of one member, or of all members in the scope (`member` None)."""

    member: Member | None = None
    counts: Counts = field(default_factory=Counts)
    own: Answers = field(default_factory=Answers)
    covering: Answers = field(default_factory=Answers)
    waiting: int = 0
    overdue: int = 0

    @property
    def reply_rate(self) -> float | None:
        return _share(self.counts.replied, self.counts.leads)

    @property
    def interest_rate(self) -> float | None:
        return _share(self.counts.interested, self.counts.leads)

    def value(self, key: str) -> float | None:
        """Return a metric by the key of its definition; None if there is no data."""
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
class Table:
    """Metrics of each member, and of all of them together."""

    lines: list[Figures]
    total: Figures


def table(
    members: Iterable[Member], *, period: Period, at: datetime, scope: Scope
) -> Table:
    """Return the metrics of these members, who must be in the scope.

    In the total a lead that two of them had counts once. Waiting and overdue leads are
    those of the moment `at`.
    """
    counts = lead_counts.counts(period.starts_at, period.ends_at, scope=scope)
    lines = {
        member.pk: Figures(
            member=member, counts=counts.members.get(member.pk, Counts())
        )
        for member in members
    }
    _add_answers(lines, period, scope)
    _add_waiting(lines, at, scope)
    total = Figures(counts=counts.total)
    for line in lines.values():
        total.own.add_all(line.own)
        total.covering.add_all(line.covering)
        total.waiting += line.waiting
        total.overdue += line.overdue
    return Table(lines=list(lines.values()), total=total)


def _add_answers(lines: Mapping[int, Figures], period: Period, scope: Scope) -> None:
    """Add the answers of the period to the members' metrics."""
    # Grouped by minutes: no more rows than there are different times.
    rows = (
        answered(period)
        .filter(**scope.lookup("owner"))
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


def answered(period: Period) -> QuerySet[Reply]:
    """Return the replies that were answered in the period."""
    return Reply.objects.filter(
        answered_at__gte=period.starts_at, answered_at__lt=period.ends_at
    )


def _add_waiting(lines: Mapping[int, Figures], at: datetime, scope: Scope) -> None:
    """Set waiting and overdue leads, counted as the linked inbox filters them."""
    owed = Lead.objects.present().waiting_on_us().filter(**scope.lookup("owner"))
    rows = owed.order_by().values("owner_id")
    for row in rows.annotate(
        count=Count("pk"), overdue=Count("pk", filter=overdue(at))
    ):
        if line := lines.get(row["owner_id"] or 0):
            line.waiting, line.overdue = row["count"], row["overdue"]


@dataclass(frozen=True, slots=True)
class Step:
    """A member's answers in one of several periods."""

    period: Period
    own: Answers = field(default_factory=Answers)
    covering: Answers = field(default_factory=Answers)


def answers_over(member: Member, periods: Sequence[Period]) -> list[Step]:
    """Return a member's answers for each period, in one query.

    The periods must follow each other without a gap.
    """
    steps = [Step(period) for period in periods]
    whole = Period(starts_at=periods[0].starts_at, ends_at=periods[-1].ends_at)
    starts = [period.starts_at for period in periods]
    rows = answered(whole).filter(owner=member)
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

    `times` counts the values; None if there are none.
    """
    rank = ceil(times.total() * percent / 100)
    for value in sorted(times):
        rank -= times[value]
        if rank <= 0:
            return value
    return None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
