"""The filter by when an answer is due, and the order of those that are late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from assignments.models import Lead
from assignments.services.insights import answers_due
from assignments.services.insights.answers_due import DUE, DUE_UNINDEXED
from assignments.services.periods import short_day
from assignments.services.sla.policy import answers_count_from
from dashboard.filters import count_of, most_counted
from dashboard.inbox.hidden_filters import MOST_NAMED
from dashboard.pagination import PAGE_SIZE, Cursor, Order, Page, page_of_groups

SLAS = [
    ("", "Answer"),
    ("due", "Due within the hour"),
    ("today", "Due today"),
    ("late", "Newly late"),
    ("overdue", "Overdue"),
    ("before", "Unanswered before Handoff"),
]
DUE_SOON = timedelta(hours=1)
LATELY = timedelta(days=7)
WEEK = 7  # days within which the name of a weekday is clear
BY_DUE = Order(first="due_order", key="map_id", descending=False)
NEWEST_DUE = Order(first="due_order", key="map_id", descending=True)
# In the order of the list.
LATE_LATELY, LATE_LONG_AGO, NOT_LATE = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredBefore:
    """Leads that wait for an answer since before Handoff was connected, as a link."""

    count: int
    day: str
    address: str

    @property
    def shown(self) -> str:
        return most_counted(self.count)


def unanswered_before(
    whose: dict[str, str], leads: QuerySet[Lead]
) -> UnansweredBefore | None:
    """Return those of `leads` that the inbox lists for `whose`; None without any."""
    moment = answers_count_from()
    if moment is None:
        return None
    present = leads.filter(gone_at=None)
    count = count_of(present.filter(answers_due.unanswered_before(moment)))
    query = urlencode(whose | {"sla": "before"})
    return (
        UnansweredBefore(
            count=count, day=_day(moment), address=f"{reverse('inbox')}?{query}"
        )
        if count
        else None
    )


class AnswerFilter:
    """The filter of one request; each condition is worked out once for each moment."""

    def __init__(self) -> None:
        self._conditions: dict[tuple[str, datetime], Q] = {}

    def condition(self, sla: str, at: datetime) -> Q:
        """Return the condition of a value of SLAS; Q() for none.

        Up to MOST_NAMED leads are named by id; more are found soon in any order, and
        not by an index that would have all of them sorted first.
        """
        if not sla:
            return Q()
        if (sla, at) not in self._conditions:
            wanted = Lead.objects.filter(_condition(sla, at, column=DUE)).order_by()
            few = list(wanted.values_list("pk", flat=True)[: MOST_NAMED + 1])
            many = _condition(sla, at, column=DUE_UNINDEXED)
            self._conditions[sla, at] = (
                Q(pk__in=few) if len(few) <= MOST_NAMED else many
            )
        return self._conditions[sla, at]


def _condition(sla: str, at: datetime, *, column: str) -> Q:
    zone = timezone.get_current_timezone()
    match sla:
        case "due":
            return answers_due.due_before(at + DUE_SOON, at=at, column=column)
        case "today":
            return answers_due.due_today(at, zone, column=column)
        case "late":
            since = answers_due.last_working_day(at, zone)
            return answers_due.overdue_since(since, at=at, column=column)
        case "before":
            return answers_due.unanswered_before(answers_count_from())
    return answers_due.overdue(at, column=column)


def sla_words(sla: str, at: datetime) -> str:
    """Return a value of SLAS in words; of `late` and `before` with the day."""
    match sla:
        case "late":
            return late_words(at)
        case "before":
            day = answers_count_from()
            since = f", connected {_day(day)}" if day else ""
            return f"Unanswered before Handoff{since}"
    return dict(SLAS)[sla]


def due_title(query: str) -> str:
    """Return the title of the column that tells when answers are due, for a list of the
    inbox: `Late by` or `Due`; empty for a list by something else, which has none.
    """
    said = {name: values[-1] for name, values in parse_qs(query).items()}
    if said.get("sort") == "late" or said.get("sla") in {"overdue", "late"}:
        return "Late by"
    is_due = said.get("sort") == "due" or said.get("sla") in {"due", "today"}
    return "Due" if is_due else "Late by" if said.get("review") == "overdue" else ""


def late_words(at: datetime) -> str:
    """Return `Late since yesterday`, or with the day on which was worked last: `Late
    since Friday`.
    """
    zone = timezone.get_current_timezone()
    since = answers_due.last_working_day(at, zone)
    days = (at.astimezone(zone).date() - since.date()).days
    if days == 1:
        return "Late since yesterday"
    return f"Late since {f'{since:%A}' if days < WEEK else short_day(since.date())}"


def _day(moment: datetime) -> str:
    return short_day(timezone.localdate(moment))


def page_by_lateness(
    leads: QuerySet[Lead],
    *,
    at: datetime,
    after: Cursor | None,
    size: int = PAGE_SIZE,
) -> Page[Lead]:
    """Return a page of the leads, those due in the last 7 days first, longest late first.

    Then those due longer ago, newest due first; then the others, soonest due first.
    """
    return page_of_groups(
        (LATE_LATELY, LATE_LONG_AGO, NOT_LATE),
        rows_of=lambda group: leads.filter(_within(group, at)),
        order=lambda group: NEWEST_DUE if group == LATE_LONG_AGO else BY_DUE,
        group_of=lambda lead: _group_of(lead, at),
        after=after,
        size=size,
    )


def lateness_order(leads: QuerySet[Lead], *, at: datetime, most: int) -> Sequence[Lead]:
    """Return the first `most` leads in the order of `page_by_lateness`."""
    return page_by_lateness(leads, at=at, after=None, size=most).rows


def _within(group: int, at: datetime) -> Q:
    match group:
        case _ if group == LATE_LATELY:
            return Q(due_order__gt=at - LATELY, due_order__lte=at)
        case _ if group == LATE_LONG_AGO:
            return Q(due_order__lte=at - LATELY)
    return Q(due_order__gt=at)


def _group_of(lead: Lead, at: datetime) -> int:
    if lead.due_order > at:
        return NOT_LATE
    return LATE_LATELY if lead.due_order > at - LATELY else LATE_LONG_AGO
