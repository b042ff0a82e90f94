"""Last checks before an assignment is sent (docs/design/coverage-rules.md, rule 29).

The clock of the coverages is the time of the last tick or later: it never runs back.
"""

from datetime import datetime

from assignments.models import Assignment, Coverage, Heartbeat, SavedPlan
from assignments.models.assignment import PERSONAL, Cause, Urgency
from assignments.services.absence_wording import last_day_away

AGAIN = "It is decided again."


def why_not_send(row: Assignment, at: datetime) -> str | None:
    """Return a sentence why a row must not be sent any more; None if it may.

    A COVERAGE_START row: no running coverage has a hold that waits for it. Any
    automatic row of a batch: its member is deactivated or away. A person's row of a
    batch, not clicked: its member is away and the preview did not show that. Others may
    be sent.
    """
    now = coverage_time(at)
    if row.cause == Cause.COVERAGE_START and not _is_wanted(row, now):
        return "Its coverage does not ask for it any more. It was not sent."
    if row.cause in PERSONAL:
        return _away_since_preview(row, now)
    if not row.is_plan or row.to is None:
        return None
    if not row.to.is_active:
        return f"{row.to} has been deactivated. {AGAIN}"
    absence = Coverage.objects.away_at(now).filter(member=row.to).first()
    if absence:
        return f"{row.to} is away until {last_day_away(absence)}. {AGAIN}"
    return None


def _away_since_preview(row: Assignment, now: datetime) -> str | None:
    """Return a sentence if the target is away, unless the batch's preview showed that.

    Else None; None too for clicked rows and rows without a batch or its plan.
    """
    if row.batch_id is None or row.urgency == Urgency.CLICK:
        return None
    absence = Coverage.objects.away_at(now).filter(member=row.to).first()
    if absence is None:
        return None
    plan = SavedPlan.objects.filter(batch=row.batch_id).defer("packed").first()
    if plan is None or row.to_id in plan.summary.get("away", []):
        return None
    until = last_day_away(absence)
    return f"{row.to} is away until {until}, since the preview. It was not sent."


def _is_wanted(row: Assignment, now: datetime) -> bool:
    """Return whether a hold of a coverage whose member is away at `now` waits for it."""
    return Coverage.objects.away_at(now).filter(holds__move=row).exists()


TICK = "tick"


def coverage_time(at: datetime) -> datetime:
    """Return `at`, or the time of the last tick if that is later."""
    last = last_tick_at()
    return max(at, last) if last else at


def last_tick_at() -> datetime | None:
    """Return when the last tick was recorded; None before the first."""
    beat = Heartbeat.objects.filter(name=TICK).first()
    return beat.beat_at if beat else None


def record_tick(at: datetime) -> None:
    """Store `at` as the time of the last tick."""
    Heartbeat.objects.update_or_create(name=TICK, defaults={"beat_at": at})
