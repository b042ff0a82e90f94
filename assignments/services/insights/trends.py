"""Answers of a member over time."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from assignments.models import Member
from assignments.services.insights.metrics import Answers, Period, answered


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
