"""Whether a coverage's plan still holds at the moment of sending (coverage rules, 29)."""

from datetime import datetime

from assignments.models import Assignment, Coverage
from assignments.models.assignment import Cause
from assignments.services.coverage import clock_reading, days


def why_not_now(row: Assignment, at: datetime) -> str | None:
    """Why an automatic change must be decided again; None if it may be sent.

    What a person decided about one lead is theirs: that is sent.
    """
    now = clock_reading.latest(at)
    if row.cause == Cause.COVERAGE_START and not _is_wanted(row, now):
        return "Its coverage does not ask for it any more. It was not sent."
    if not row.is_plan or row.to is None:
        return None
    if not row.to.is_active:
        return f"{row.to} has been deactivated. It is decided again."
    absence = Coverage.objects.away_at(now).filter(member=row.to).first()
    if absence:
        until = days.spoken(absence.last_day)
        return f"{row.to} is away until {until}. It is decided again."
    return None


def _is_wanted(row: Assignment, now: datetime) -> bool:
    """Whether a coverage that has not reached its end still waits for this move."""
    return Coverage.objects.away_at(now).filter(holds__move=row).exists()
