"""The iCalendar feed of a team's absences: its secret address and its content."""

import secrets
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from icalendar import Calendar, Event, Timezone, TimezoneStandard, vText

from assignments.models import CalendarFeed, Coverage, Team, User
from assignments.services.absence_wording import (
    away_days,
    coverers_in_words,
    day_runs_in_words,
    is_whole_days,
)
from assignments.services.access import is_manager
from assignments.services.coverage.calendar import (
    coverages_with_coverers,
    uncovered_days_of,
)
from assignments.services.errors import NotAllowed
from assignments.services.notifications.notify import one_line
from assignments.visible_text import without_turning

State = Coverage.State
KEPT_AFTER_END = timedelta(
    days=90
)  # how long an absence stays in the feed after its end


def may_share_calendar(user: User, team: Team) -> bool:
    """Return whether `user` is a team lead of this team or a manager."""
    return is_manager(user) or team.team_leads.contains(user)


@transaction.atomic
def renew_feed(*, team: Team, actor: User, at: datetime) -> CalendarFeed:
    """Delete the team's feed, if any, and return a new one with another secret token.

    Raises NotAllowed unless `may_share_calendar`.
    """
    _check_may_share(actor, team)
    CalendarFeed.objects.filter(team=team).delete()
    return CalendarFeed.objects.create(
        team=team, token=secrets.token_urlsafe(32), created_by=actor, created_at=at
    )


@transaction.atomic
def revoke_feed(*, team: Team, actor: User) -> None:
    """Delete the feed of a team, if it has one.

    Raises NotAllowed unless `may_share_calendar`.
    """
    _check_may_share(actor, team)
    CalendarFeed.objects.filter(team=team).delete()


def render_feed(feed: CalendarFeed, *, at: datetime) -> bytes:
    """Return the feed as iCalendar in UTF-8.

    It has an event for each absence of the team's members that is neither proposed nor
    cancelled and ends later than 90 days before `at`. Characters that turn the
    direction of text are left out.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Handoff//Absences//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    # As a text: a property that the library does not know goes out as it is.
    calendar.add("x-wr-calname", vText(one_line(f"Away: {feed.team.name}")))
    calendar.add_component(_utc_component())
    coverages = list(_shown_coverages(feed.team, at))
    gaps = uncovered_days_of(coverages)
    for coverage in coverages:
        calendar.add_component(_event(coverage, gaps.get(coverage.pk, []), at))
    return without_turning(calendar.to_ical().decode()).encode()


def _utc_component() -> Timezone:
    """Return the time zone component UTC, with offset 0.

    RFC 5545 wants at least one component; with this a feed without absences is valid
    too.
    """
    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001  a local time, by the RFC
    standard.add("tzoffsetfrom", timedelta(0))
    standard.add("tzoffsetto", timedelta(0))
    zone = Timezone()
    zone.add("tzid", "UTC")
    zone.add_component(standard)
    return zone


def _shown_coverages(team: Team, at: datetime) -> list[Coverage]:
    coverages = coverages_with_coverers().filter(
        member__team=team, ends_at__gt=at - KEPT_AFTER_END
    )
    coverages = coverages.exclude(state__in=(State.PROPOSED, State.CANCELLED))
    return list(coverages.prefetch_related("events"))


def _event(coverage: Coverage, gaps: list[date], at: datetime) -> Event:
    event = Event()
    event.add("uid", f"coverage-{coverage.pk}@{urlsplit(settings.SITE_URL).hostname}")
    # Not the present moment: the same bytes are made until the next change.
    event.add("dtstamp", _changed_at(coverage))
    event.add("summary", one_line(f"{coverage.member} away"))
    event.add("description", one_line(_description(coverage, gaps, at)))
    event.add("transp", "TRANSPARENT")
    if is_whole_days(coverage):
        first, last = away_days(coverage)
        event.add("dtstart", first)
        event.add("dtend", last + timedelta(days=1))
    else:
        event.add("dtstart", coverage.starts_at)
        event.add("dtend", coverage.ends_at)
    return event


def _description(coverage: Coverage, gaps: list[date], at: datetime) -> str:
    text = f"Covered by {coverers_in_words(coverage) or 'nobody'}."
    if coverage.fallback:
        text += f" If none of them can: {coverage.fallback}."
    if gaps:
        text += f" Nobody covers on {day_runs_in_words(gaps, today=at.date())}."
    return text


def _changed_at(coverage: Coverage) -> datetime:
    """Return when the coverage was created or, if later, when its last event was."""
    moments = [event.at for event in coverage.events.all()]
    return max([coverage.created_at, *moments])


def _check_may_share(user: User, team: Team) -> None:
    if not may_share_calendar(user, team):
        raise NotAllowed(
            f"Only team leads of {team} and sales managers can share its calendar."
        )
