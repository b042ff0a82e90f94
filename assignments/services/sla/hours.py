"""When people work: for everybody, and for each member; kept by a sales manager."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from assignments.models import DayOff, Member, MemberHours, User, WorkingHours
from assignments.services.access import require_manager
from assignments.services.errors import AssignmentRefused
from assignments.services.sla.days_off import is_known
from assignments.services.sla.policy import default_hours
from assignments.services.sla.recalculate import recount, start_over
from assignments.services.sla.working_time import Week

DAY = 24 * 60
NAMES = (
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
    """The hours of everybody who has none of their own."""
    require_manager(actor, "change the working hours")
    _check_week(week)
    _check_place(country, subdivision)
    if escalate_after < 1:
        raise AssignmentRefused("Whoever leads is told at least a minute later.")
    hours = default_hours()
    hours.week, hours.escalate_after = _kept(week), escalate_after
    hours.country, hours.subdivision = country, subdivision
    hours.save()
    recount()
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
    """Their own week or holidays; None: those of everybody."""
    require_manager(actor, "change the working hours")
    if week is not None:
        _check_week(week)
    _check_place(country or "", subdivision)
    MemberHours.objects.update_or_create(
        member=member,
        defaults={
            "week": None if week is None else _kept(week),
            "country": country,
            "subdivision": subdivision,
        },
    )
    recount()


@transaction.atomic
def add_day_off(*, actor: User, day: date, name: str) -> DayOff:
    """Nobody works on this day, in each one's own zone."""
    require_manager(actor, "change the days off")
    start_over()  # whoever adds the same at the same time waits here, and is refused
    if DayOff.objects.filter(day=day).exists():
        raise AssignmentRefused(f"{day:%-d %B %Y} is a day off already.")
    added = DayOff.objects.create(day=day, name=name)
    recount()
    return added


@transaction.atomic
def remove_day_off(*, actor: User, day_off: DayOff) -> None:
    require_manager(actor, "change the days off")
    day_off.delete()
    recount()


def _check_week(week: Week) -> None:
    if not any(week):
        raise AssignmentRefused(
            "A week needs working hours on at least one day: without any, no answer "
            "would ever fall due. For somebody who does not work, plan an absence."
        )
    for name, spans in zip(NAMES, week, strict=True):
        _check_day(name, spans)


def _check_day(name: str, spans: Sequence[tuple[int, int]]) -> None:
    before = 0
    for opens, closes in spans:
        if not 0 <= opens < closes <= DAY:
            raise AssignmentRefused(f"{name}: hours begin before they end.")
        if opens < before:
            raise AssignmentRefused(f"{name}: hours follow each other, earliest first.")
        before = closes


def _check_place(country: str, subdivision: str) -> None:
    if country and not is_known(country):
        raise AssignmentRefused("Holidays of that country are not known here.")
    if subdivision and not is_known(country, subdivision):
        raise AssignmentRefused(
            f"“{subdivision}” is not a region of that country. Leave it empty for the "
            "holidays that all of it has."
        )


def _kept(week: Week) -> list[list[list[int]]]:
    return [[list(span) for span in day] for day in week]
