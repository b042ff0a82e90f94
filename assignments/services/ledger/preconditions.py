"""Whether a coverage's plan still holds at the moment of sending (coverage rules, 29)."""

from datetime import datetime

from assignments.models import Assignment, Coverage, Heartbeat, SavedPlan
from assignments.models.assignment import PERSONAL, Cause, Urgency
from assignments.services.absence_wording import last_day_away

AGAIN = "It is decided again."


def why_not_now(row: Assignment, at: datetime) -> str | None:
    """Why an automatic change must be decided again; None if it may be sent.

    What a person decided about one lead is theirs: that is sent. What they decided about
    many is sent to nobody who went away since, without their knowing.
    """
    now = latest(at)
    if row.cause == Cause.COVERAGE_START and not _is_wanted(row, now):
        return "Its coverage does not ask for it any more. It was not sent."
    if row.cause in PERSONAL:
        return _away_since(row, now)
    if not row.is_plan or row.to is None:
        return None
    if not row.to.is_active:
        return f"{row.to} has been deactivated. {AGAIN}"
    absence = Coverage.objects.away_at(now).filter(member=row.to).first()
    if absence:
        return f"{row.to} is away until {last_day_away(absence)}. {AGAIN}"
    return None


def _away_since(row: Assignment, now: datetime) -> str | None:
    """An absence of which the preview of the row's batch did not warn."""
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
    """Whether a coverage that has not reached its end still waits for this move."""
    return Coverage.objects.away_at(now).filter(holds__move=row).exists()


TICK = "tick"


def latest(at: datetime) -> datetime:
    """This moment, or that of the last tick if it was later."""
    last = last_tick()
    return max(at, last) if last else at


def last_tick() -> datetime | None:
    beat = Heartbeat.objects.filter(name=TICK).first()
    return beat.beat_at if beat else None


def advance(at: datetime) -> None:
    Heartbeat.objects.update_or_create(name=TICK, defaults={"beat_at": at})
