"""Targets, hours and due moments in words, the same on every page."""

from datetime import date
from itertools import groupby

from django.utils import timezone

from assignments.models import Lead, SlaTarget
from assignments.services.periods import short_day
from assignments.services.sla.days_off import DaysOff, country_names, next_holidays
from assignments.services.sla.deadlines import Deadline, deadlines_of
from assignments.services.sla.policy import SlaPolicy
from assignments.services.sla.working_time import Week
from assignments.visible_text import isolated
from dashboard.configuration.hours_text import write_hours

SHOWN = 3  # public holidays that are told ahead
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def span_words(target: SlaTarget) -> str:
    """Return a target in words: `1 working hour`, `90 minutes around the clock`.

    Full hours are said in hours, all else in minutes.
    """
    if target.in_working_hours:
        return time_words(target.minutes, "working ")
    return f"{time_words(target.minutes)} around the clock"


def time_words(minutes: int, kind: str = "") -> str:
    hours, odd = divmod(minutes, 60)
    count, unit = (minutes, "minute") if odd else (hours, "hour")
    return f"{count} {kind}{unit}{'' if count == 1 else 's'}"


def week_words(week: Week) -> str:
    """Return a week in words: `Mon to Fri 9:00-17:00; Sat 9:00-12:00`.

    Days in a row with the same hours are said together; days without hours are left
    out. Empty if no day has hours.
    """
    days = groupby(range(7), key=lambda day: week[day])
    told = [
        f"{_days(list(numbers))} {write_hours(spans)}"
        for spans, numbers in days
        if spans
    ]
    return "; ".join(told)


def place_words(country: str, subdivision: str) -> str:
    if not country:
        return "no public holidays"
    name = country_names().get(country)
    if name is None:
        return f"holidays of {country}, which are no longer known"
    return f"holidays of {name}" + (f" ({subdivision})" if subdivision else "")


def coming_words(off: DaysOff, today: date) -> str:
    """Return the end of a sentence with the public holidays after `today`, at most
    SHOWN.

    `; next public holidays 1 May Labour Day, 25 Dec Christmas`, or `; no public
    holidays`.
    """
    coming = next_holidays(today, off.country, off.subdivision, count=SHOWN)
    if not coming:
        return "; no public holidays"
    named = ", ".join(f"{day:%-d %b} {name}" for day, name in coming)
    return f"; next public holidays {named}"


def due_words(lead: Lead) -> str:
    """Return the target and the hours by which the answer falls due.

    `1 working hour, Ana's hours`, or instead of Ana's `the hours of everybody` or `in
    the hours of who had it then`; `90 minutes around the clock`. `Never: no target
    fits this lead.` without a target, `Never: …` with the day for a reply from before
    Handoff was connected; empty if no answer is owed.
    """
    if not lead.answer_owed or lead.last_reply_at is None:
        return ""
    policy = SlaPolicy()
    due = deadlines_of([(lead, lead.last_reply_at)], policy)[lead.pk]
    counted_from = policy.answers_count_from
    if counted_from and lead.last_reply_at < counted_from:
        day = short_day(timezone.localdate(counted_from))
        return f"Never: it came before Handoff was connected, on {day}."
    if due is None:
        return "Never: no target fits this lead."
    return f"{span_words(due.target)}{_whose(due, lead)}"


def _whose(due: Deadline, lead: Lead) -> str:
    if not due.target.in_working_hours:
        return ""
    if due.member_id is None:
        return ", the hours of everybody"
    if lead.owner is not None and lead.owner_id == due.member_id:
        return f", {isolated(str(lead.owner).partition(' ')[0])}'s hours"
    return ", in the hours of who had it then"


def _days(numbers: list[int]) -> str:
    first, last = DAYS[numbers[0]], DAYS[numbers[-1]]
    return first if first == last else f"{first} to {last}"
