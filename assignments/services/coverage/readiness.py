"""Whether a coverage's plan still holds at the moment of sending (coverage rules, 29)."""

from datetime import datetime

from assignments.models import Assignment, Coverage
from assignments.services.coverage import clock_reading, days


def why_not_now(row: Assignment, at: datetime) -> str | None:
    """Why an automatic change must be decided again; None if it may be sent.

    What a person decided about one lead is theirs: that is sent.
    """
    if not row.is_plan or row.to is None:
        return None
    if not row.to.is_active:
        return f"{row.to} has been deactivated. It is decided again."
    now = clock_reading.latest(at)
    absence = Coverage.objects.away_at(now).filter(member=row.to).first()
    if absence:
        until = days.spoken(absence.last_day)
        return f"{row.to} is away until {until}. It is decided again."
    return None
