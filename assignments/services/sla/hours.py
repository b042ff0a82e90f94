"""Changes of working hours and days off, followed by new deadlines.

All raise NotAllowed unless `actor` is a sales manager.
"""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from assignments.models import DayOff, Member, MemberHours, User, WorkingHours
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.sla.days_off import is_known_place
from assignments.services.sla.policy import default_hours
from assignments.services.sla.recalculate import recalculate_all, restart
from assignments.services.sla.working_time import Week

DAY = 24 * 60
WEEKDAY_NAMES = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


@transaction.atomic
def set_hours(
    *,
    actor: User,
    week: Week,
    country: str,
    subdivision: str,
    escalate_after: int,
) -> WorkingHours:
    """Save the default hours, recalculate all deadlines, and return the hours.

    `escalate_after`: working minutes after a breach until team leads are told. Raises
    NotAllowed, or AssignmentRefused if the week or the place is invalid or the minutes
    are below 1.
    """
    require_manager(actor, "change the working hours")
    _check_week(week)
    _check_place(country, subdivision)
    if escalate_after < 1:
        raise AssignmentRefused(
            "Team leads are told at least 1 minute after the owner."
        )
    hours = default_hours()
    hours.week = _as_lists(week)
    hours.escalate_after = escalate_after
    hours.country = country
    hours.subdivision = subdivision
    hours.save()
    recalculate_all()
    return hours


@transaction.atomic
def set_member_hours(
    *,
    actor: User,
    member: Member,
    week: Week | None,
    country: str | None,
    subdivision: str,
) -> None:
    """Save a member's own week and holidays, and recalculate all deadlines.

    A week or country of None: the default one applies; country "": no public holidays.
    Raises NotAllowed, or AssignmentRefused if the week or the place is invalid.
    """
    require_manager(actor, "change the working hours")
    if week is not None:
        _check_week(week)
    _check_place(country or "", subdivision)
    MemberHours.objects.update_or_create(
        member=member,
        defaults={
            "week": None if week is None else _as_lists(week),
            "country": country,
            "subdivision": subdivision,
        },
    )
    recalculate_all()


@transaction.atomic
def add_day_off(*, actor: User, day: date, name: str) -> DayOff:
    """Add a day on which nobody works, recalculate all deadlines, and return it.

    Raises NotAllowed, or AssignmentRefused if such a day was added already.
    """
    require_manager(actor, "change the days off")
    restart()  # a lock: somebody adding the same day waits here and is refused
    if DayOff.objects.filter(day=day).exists():
        raise AssignmentRefused(f"{day:%-d %B %Y} is a day off already.")
    added = DayOff.objects.create(day=day, name=name)
    recalculate_all()
    return added


@transaction.atomic
def remove_day_off(*, actor: User, day_off: DayOff) -> None:
    """Delete the day off and recalculate all deadlines. Raises NotAllowed."""
    require_manager(actor, "change the days off")
    day_off.delete()
    recalculate_all()


def _check_week(week: Week) -> None:
    """Raise AssignmentRefused unless some day has hours, and the spans of each day are
    ordered, do not overlap and lie within the day. ValueError if there are not seven
    days.
    """
    if not any(week):
        raise AssignmentRefused(
            "A week needs working hours on at least one day: without any, no answer "
            "would ever fall due. For somebody who does not work, plan an absence."
        )
    for name, spans in zip(WEEKDAY_NAMES, week, strict=True):
        _check_day(name, spans)


def _check_day(name: str, spans: Sequence[tuple[int, int]]) -> None:
    last_close = 0
    for opens, closes in spans:
        if not 0 <= opens < closes <= DAY:
            raise AssignmentRefused(f"{name}: hours begin before they end.")
        if opens < last_close:
            raise AssignmentRefused(f"{name}: hours follow each other, earliest first.")
        last_close = closes


def _check_place(country: str, subdivision: str) -> None:
    if country and not is_known_place(country):
        raise AssignmentRefused("Holidays of that country are not known here.")
    if subdivision and not is_known_place(country, subdivision):
        raise AssignmentRefused(
            f"“{subdivision}” is not a region of that country. Leave it empty for the "
            "holidays that all of it has."
        )


def _as_lists(week: Week) -> list[list[list[int]]]:
    return [[list(span) for span in day] for day in week]
