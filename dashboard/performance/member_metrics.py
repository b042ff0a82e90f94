"""Figures of one member's page: of the period, and over weeks and months."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from assignments.models import Member
from assignments.services.insights.lead_counts import MemberScope
from assignments.services.insights.metrics import (
    TrendPoint,
    answer_trend,
    metrics_table,
)
from assignments.services.sight import Sight
from dashboard.performance.charts import chart_of
from dashboard.performance.periods import (
    Days,
    PeriodForm,
    months_up_to,
    period_of,
    weeks_up_to,
)
from dashboard.templatetags.performance import duration

WEEKS, MONTHS = 13, 6


def member_figures(
    member: Member, form: PeriodForm, *, at: datetime, sight: Sight
) -> dict[str, Any]:
    """Return the template's context for the figures of a member in the form's period.

    `sight` must see the leads of the member; only those of its clients count.

    With trends and charts of 13 weeks and 6 months, which end with the period's last
    day, or with today if that is earlier.
    """
    scope = MemberScope(member_id=member.pk, sight=sight)
    (line,) = metrics_table([member], period=form.value, at=at, scope=scope).lines
    last = min(form.days[1], timezone.localdate())
    weeks = _steps(member, weeks_up_to(last, WEEKS), sight)
    months = _steps(member, months_up_to(last, MONTHS), sight)
    answers = [(step.own.count, step.covering.count) for _, step in weeks]
    medians = [(step.own.median or 0, 0) for _, step in weeks]
    return {
        "line": line,
        "period_query": form.query(team="", sort=""),
        "days": form.days,
        "last": last,
        "weeks": weeks,
        "months": months,
        "answers_chart": chart_of(answers),
        "answers_said": ", ".join(_answers_in_words(step) for _, step in weeks),
        "median_chart": chart_of(medians),
        "medians_said": ", ".join(_median_in_words(step) for _, step in weeks),
        "has_covered": any(upper for _, upper in answers),
        "has_trend": any(sum(pair) for pair in answers),
    }


def _answers_in_words(step: TrendPoint) -> str:
    own, covering = step.own.count, step.covering.count
    return f"{own} and {covering} while covering" if covering else f"{own}"


def _median_in_words(step: TrendPoint) -> str:
    return duration(step.own.median) if step.own.count else "none"


def _steps(
    member: Member, spans: Sequence[Days], sight: Sight
) -> list[tuple[Days, TrendPoint]]:
    periods = [period_of(*days) for days in spans]
    points = answer_trend(member, periods, sight=sight)
    return list(zip(spans, points, strict=True))
