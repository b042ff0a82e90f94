"""Conditions for leads by when their answer is due, each defined once.

Used by the inbox's filter, the sidebar, the team, the review and the first page of a day.
Combine them with `Lead.objects.present()`: leads that are gone meet them too.
"""

from datetime import datetime, time, timedelta, tzinfo

from django.db.models import Q

from assignments.services.sla.policy import SlaPolicy

DAY = timedelta(days=1)
DUE = "due_order"  # has an index
DUE_UNINDEXED = "answer_due_at"  # the same moment; for a list sorted by something else
MOST_DAYS_OFF = 31  # in a row; beyond that the day before counts as worked


def overdue(at: datetime, *, column: str = DUE) -> Q:
    """Return the condition for leads that owe an answer due at or before `at`."""
    return Q(("answer_owed", True), (f"{column}__lte", at))


def overdue_since(since: datetime, *, at: datetime, column: str = DUE) -> Q:
    """Return the condition for overdue leads whose answer was due at `since` or later."""
    return overdue(at, column=column) & Q((f"{column}__gte", since))


def due_before(until: datetime, *, at: datetime, column: str = DUE) -> Q:
    """Return the condition for leads whose answer is due after `at` and before `until`."""
    due = Q((f"{column}__gt", at), (f"{column}__lt", until))
    return Q(answer_owed=True) & due


def due_today(at: datetime, zone: tzinfo, *, column: str = DUE) -> Q:
    """Return the condition for leads whose answer is due after `at` and before the day
    of `at` ends in this zone.
    """
    return due_before(midnight(at, zone, days=1), at=at, column=column)


def last_working_day(at: datetime, zone: tzinfo) -> datetime:
    """Return the midnight in this zone at which the working day before `at` began.

    Working days are those of everybody: with hours, and no day off. Three queries.
    """
    calendar = SlaPolicy().calendar_of(None)
    today = at.astimezone(zone).date()
    for days in range(1, MOST_DAYS_OFF + 1):
        if calendar.spans_on(today - days * DAY):
            return midnight(at, zone, days=-days)
    return midnight(at, zone, days=-1)


def unanswered_before(counted_from: datetime | None) -> Q:
    """Return the condition for leads that owe an answer and replied before that moment;
    for None no lead meets it.
    """
    if counted_from is None:
        return Q(pk__in=[])
    return Q(answer_owed=True, reply_order__lt=counted_from)


def midnight(at: datetime, zone: tzinfo, *, days: int = 0) -> datetime:
    """Return the midnight in this zone at which the day of `at` begins, or the one that
    many `days` later.
    """
    day = at.astimezone(zone).date() + days * DAY
    return datetime.combine(day, time(), tzinfo=zone)
