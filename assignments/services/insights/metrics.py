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
    """How soon answers came: minutes, counted."""

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
    """One line: of a member, or of all in sight (`member` None)."""

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
        """By the keys of the definitions."""
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
                found: float | None = getattr(self.own, key)
                return found
            case "covering":
                return self.covering.count
        return self.waiting


@dataclass(frozen=True, slots=True)
class Table:
    """A line for each member, and one of all in the scope."""

    lines: list[Figures]
    total: Figures


def table(
    members: Iterable[Member], *, period: Period, at: datetime, scope: Scope
) -> Table:
    """Of these members, who must be in the scope.

    A lead that two of them had is one lead in the last line.
    """
    told = lead_counts.counts(period.starts_at, period.ends_at, scope=scope)
    lines = {
        member.pk: Figures(member=member, counts=told.members.get(member.pk, Counts()))
        for member in members
    }
    _add_answers(lines, period, scope)
    _add_waiting(lines, at, scope)
    total = Figures(counts=told.total)
    for line in lines.values():
        total.own.add_all(line.own)
        total.covering.add_all(line.covering)
        total.waiting += line.waiting
        total.overdue += line.overdue
    return Table(lines=list(lines.values()), total=total)


def _add_answers(lines: Mapping[int, Figures], period: Period, scope: Scope) -> None:
    """By minutes, so that no more rows come back than there are different times."""
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
    return Reply.objects.filter(
        answered_at__gte=period.starts_at, answered_at__lt=period.ends_at
    )


def _add_waiting(lines: Mapping[int, Figures], at: datetime, scope: Scope) -> None:
    """As the inbox filters them: its links lead there."""
    owed = Lead.objects.present().waiting_on_us().filter(**scope.lookup("owner"))
    rows = owed.order_by().values("owner_id")
    for row in rows.annotate(
        count=Count("pk"), overdue=Count("pk", filter=overdue(at))
    ):
        if line := lines.get(row["owner_id"] or 0):
            line.waiting, line.overdue = row["count"], row["overdue"]


@dataclass(frozen=True, slots=True)
class Step:
    """What was answered in one of several periods."""

    period: Period
    own: Answers = field(default_factory=Answers)
    covering: Answers = field(default_factory=Answers)


def answers_over(member: Member, periods: Sequence[Period]) -> list[Step]:
    """`periods` follow each other without a gap. One query for all of them."""
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
    """The smallest value that so many percent of the values do not exceed."""
    rank = ceil(times.total() * percent / 100)
    for value in sorted(times):
        rank -= times[value]
        if rank <= 0:
            return value
    return None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
