"""The calendar of absences as a page, and as a feed that calendars subscribe to."""

import hashlib
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assignments.models import CalendarFeed, Coverage, Member, Team, User
from assignments.services.absence_wording import days_in_words
from assignments.services.coverage import actions, calendar, ical
from assignments.services.coverage.alerts import to_confirm
from assignments.services.coverage.certificate import status_counts_by_coverage
from assignments.services.coverage.clashes import clash_sentences
from assignments.services.errors import AssignmentRefused
from dashboard.coverage.labels import TimelineBar, bar_of, entry_of
from dashboard.filters import day_field
from dashboard.htmx import PageRequest
from dashboard.pagination import BadCursor, Cursor, Order, page_of
from dashboard.permissions import ViewerRights
from dashboard.service_errors import refuse

TEMPLATE = "coverage/coverage.html"
SCOPE = "absences ahead"
SOONEST_FIRST = Order(first="starts_at", key="pk", descending=False)
MOST_WAITING = 50
RECENTLY = timedelta(days=45)
State = Coverage.State


class CalendarForm(forms.Form):
    by = forms.ChoiceField(
        choices=[("weeks", "Six weeks"), ("month", "Month")],
        required=False,
        error_messages={"invalid_choice": "Show it by `weeks` or by `month`."},
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        # `from` is no name that Python lets a class body use.
        self.fields["from"] = day_field("From")

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]

    def days(self, today: date) -> list[date]:
        first = self.cleaned_data["from"] or today
        if self.span == "month":
            return calendar.days_of_month(first)
        if self.cleaned_data["from"] is None:
            first = today - timedelta(days=7)
        return calendar.days_of_weeks(first)

    @property
    def span(self) -> str:
        return self.cleaned_data.get("by") or "weeks"


@require_safe
def coverage(request: PageRequest) -> HttpResponse:
    form = CalendarForm(request.GET)
    if not form.is_valid():
        return render(request, TEMPLATE, {"problems": form.sentences}, status=400)
    rights = ViewerRights.of(request.user)
    try:
        lists = _lists(request.user, rights, request.GET.get("after", ""))
    except BadCursor as bad:
        return render(request, TEMPLATE, {"problems": [str(bad)]}, status=400)
    today = timezone.localdate()
    days = form.days(today)
    zone = ZoneInfo(timezone.get_current_timezone_name())
    timeline = calendar.timeline(days, zone=zone)
    context = {
        "timeline": timeline,
        "rows": _rows(timeline, today, rights),
        "today": today,
        **_planning(request.user, rights),
        "shown": days_in_words(days[0], days[-1], today=today),
        "by": form.span,
        **_neighbours(form.span, days),
        **lists,
        "feeds": _feeds(request, rights),
    }
    return render(request, TEMPLATE, context)


def _planning(user: User, rights: ViewerRights) -> dict[str, Any]:
    """Return what the viewer may plan: the absences of others, their own, or none.

    Members propose their own; `own_member` is None for a login without one.
    """
    own = Member.objects.filter(user=user, is_active=True).first()
    return {
        "own_member": own,
        "may_plan": rights.may_schedule or own is not None,
        "plan_words": "Plan coverage" if rights.may_schedule else "Plan my absence",
    }


def _rows(
    timeline: calendar.AbsenceTimeline, today: date, rights: ViewerRights
) -> list[tuple[calendar.CalendarRow, list[TimelineBar | calendar.CalendarCell]]]:
    held = calendar.live_hold_counts(timeline.coverages, sight=rights.sight)
    return [
        (row, [_shown_cell(cell, held, today) for cell in row.cells])
        for row in timeline.rows
    ]


def _shown_cell(
    cell: calendar.CalendarCell, held: dict[int, int], today: date
) -> TimelineBar | calendar.CalendarCell:
    if cell.coverage is None:
        return cell
    return bar_of(cell, held=held.get(cell.coverage.pk, 0), today=today)


def _neighbours(by: str, days: list[date]) -> dict[str, Any]:
    is_month = by == "month"
    earlier = days[0] - timedelta(days=1 if is_month else len(days))
    return {
        "span": "One month" if is_month else "Six weeks",
        "span_query": "by=month&" if is_month else "",
        "earlier": earlier.replace(day=1) if is_month else earlier,
        "later": days[-1] + timedelta(days=1),
    }


def _lists(user: User, rights: ViewerRights, after: str) -> dict[str, Any]:
    known, at = calendar.coverages_with_coverers(), timezone.now()
    cursor = Cursor.decoded(after, SCOPE) if after else None
    page = page_of(
        known.exclude(state__in=(State.COMPLETED, State.CANCELLED)),
        order=SOONEST_FIRST, after=cursor,
    )  # fmt: skip
    proposals = to_confirm(user, at=at)
    proposed = known.filter(pk__in=proposals.values("pk"))[:MOST_WAITING]
    recent = known.filter(
        state=State.COMPLETED, completed_at__gt=at - RECENTLY
    ).order_by("-completed_at")[:10]
    held, gaps = (
        calendar.live_hold_counts(page.rows, sight=rights.sight),
        calendar.uncovered_days_of(page.rows),
    )
    sums = status_counts_by_coverage(recent, sight=rights.sight)
    seen = actions.last_event_ids([one.pk for one in proposed])
    clashes = clash_sentences(proposed, today=timezone.localdate(at))
    return {
        "ahead": [entry_of(one, rights, held=held, gaps=gaps) for one in page.rows],
        "earlier_ones": page.earlier and page.earlier.encoded(SCOPE),
        "later_ones": page.later and page.later.encoded(SCOPE),
        "waiting": [
            entry_of(one, rights, seen=seen, clashes=clashes) for one in proposed
        ],
        "waiting_total": proposals.count(),
        "recent": [entry_of(one, rights, tallies=sums) for one in recent],
    }


def _feeds(request: PageRequest, rights: ViewerRights) -> list[tuple[Team, str]]:
    """Return the teams whose calendar this viewer may share, each with the feed's
    absolute address. The address is empty if the team has no feed. A sales manager
    gets all teams, others those that they lead.
    """
    teams = Team.objects.select_related("calendar_feed")
    if not rights.is_manager:
        teams = teams.filter(pk__in=rights.led_teams)
    return [(team, _address(request, team)) for team in teams]


def _address(request: PageRequest, team: Team) -> str:
    feed = getattr(team, "calendar_feed", None)
    if feed is None:
        return ""
    return request.build_absolute_uri(f"/coverage/calendar/{feed.token}.ics")


@require_POST
def renew_feed(request: PageRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    try:
        ical.renew_feed(team=team, actor=request.user, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, f"The calendar of {team} has a new address.")
    return redirect("coverage")


@require_POST
def revoke_feed(request: PageRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    try:
        ical.revoke_feed(team=team, actor=request.user)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, f"The calendar of {team} is no longer shared.")
    return redirect("coverage")


@never_cache
@login_not_required
@require_safe
def feed(request: PageRequest, token: str) -> HttpResponse:
    """Return a team's absences as iCalendar text (`absences.ics`), without a login.

    Whoever knows the token may read it until it is revoked; after that, or for an
    unknown one, Http404 is raised. 304 if the reader's ETag still fits. Search engines
    are told not to list it.
    """
    known = get_object_or_404(CalendarFeed.objects.select_related("team"), token=token)
    text = ical.render_feed(known, at=timezone.now())
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="absences.ics"'
    response["X-Robots-Tag"] = "noindex"
    etag = quote_etag(hashlib.sha256(text).hexdigest())
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
