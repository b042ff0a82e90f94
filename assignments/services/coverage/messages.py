"""Notifications of coverages: to those who cover, who are back, or are responsible.

What each person has been told (CoverageNotice) is compared with how the coverage stands,
once a minute. So a change that is undone at once is no news, and nothing is told twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Count, Max, Q

from assignments.models import Coverage, CoverageNotice, Hold, Member, Notification
from assignments.models.assignment import PENDING
from assignments.models.notification import NotificationKind
from assignments.services.absence_wording import last_day_away
from assignments.services.coverage import alerts
from assignments.services.coverage.certificate import (
    EXCEPTIONS,
    certificate_lines,
    status_counts,
)
from assignments.services.isolation import run_isolated
from assignments.services.notifications.notify import notify, notify_team, one_line
from assignments.services.outgoing_webhooks import payloads
from assignments.services.sight import EVERYTHING, Sight
from assignments.services.time_zones import zone_or_default

LONGEST = timedelta(minutes=30)  # then the start is told with leads on their way
ARRIVALS_EVERY = timedelta(days=1)
MOST_NAMED = 20
NOT_TOLD = "Nobody could be told of %s"
STATE = Coverage.State


@dataclass(frozen=True, slots=True)
class HoldCount:
    """Number of leads a member holds; `last` is the id of their newest hold."""

    held: int = 0
    last: int = 0


def announce_coverages(*, at: datetime) -> int:
    """Notify the people of each coverage that has a notice not closed.

    Coverers are told of start, changes and end, the absent member of the return. Return
    the number of notifications. A coverage that raises is logged, counts 0 and is tried
    again at the next call.
    """
    open_notices = CoverageNotice.objects.filter(closed_at=None).order_by("coverage")
    ids = list(open_notices.values_list("coverage", flat=True).distinct())
    return sum(
        run_isolated(partial(_notify_people, pk, at), 0, NOT_TOLD, pk) for pk in ids
    )


def announce_troubles(*, at: datetime) -> int:
    """Notify the responsible users once for each coverage and topic of a problem.

    Of several problems with one topic the first is told. Return the number of
    notifications that are new; a problem that raises is logged and counts 0.
    """
    by_coverage: dict[int, dict[str, alerts.CoverageTrouble]] = {}
    for trouble in alerts.all_troubles(at):
        by_coverage.setdefault(trouble.coverage.pk, {}).setdefault(
            trouble.topic, trouble
        )
    return sum(
        run_isolated(partial(_notify_responsible, trouble, at), 0, NOT_TOLD, trouble)
        for topics in by_coverage.values()
        for trouble in topics.values()
    )


@transaction.atomic
def _notify_responsible(trouble: alerts.CoverageTrouble, at: datetime) -> int:
    coverage = trouble.coverage
    key = f"coverage-{coverage.pk} {trouble.topic}"
    _tell_endpoints(trouble, key, at)
    notify_team(
        coverage.member.team_id,
        kind=NotificationKind.ATTENTION,
        key=key,
        subject=f"The coverage of {coverage.member} needs attention",
        path=_page(coverage.pk),
        at=at,
    )
    responsible = alerts.responsible_users(coverage)
    # One query for all: a problem may last for weeks, and this runs each minute.
    known = Notification.objects.filter(user__in=responsible, key=key)
    unaware = [
        user
        for user in responsible.exclude(pk__in=known.values("user"))
        if trouble.lead is None or Sight.of(user).sees(trouble.lead.pk)
    ]
    notifications = [
        notify(
            user,
            kind=NotificationKind.ATTENTION,
            key=key,
            subject=trouble.sentence,
            text="",
            path=_page(coverage.pk),
            at=at,
        )
        for user in unaware
    ]
    return sum(notification is not None for notification in notifications)


def _tell_endpoints(trouble: alerts.CoverageTrouble, key: str, at: datetime) -> None:
    payloads.record_coverage_trouble(
        trouble.coverage,
        key=key,
        problem=trouble.code,
        lead_id=trouble.lead.pk if trouble.lead else None,
        assignment_id=trouble.assignment.pk if trouble.assignment else None,
        at=at,
    )


@transaction.atomic
def _notify_people(pk: int, at: datetime) -> int:
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    coverage = rows.select_related("member").get(pk=pk)
    notices = {
        notice.member_id: notice for notice in coverage.words.select_related("member")
    }
    own_notice = notices.pop(coverage.member_id)
    if coverage.is_over:
        count = sum(_notify_end(coverage, notice, at) for notice in notices.values())
        return count + _notify_returned(coverage, own_notice, at)
    hold_counts = _hold_counts(coverage)
    return sum(
        [
            *(
                _notify_coverer(coverage, member, hold_counts, at)
                for member in _coverers_and_holders(coverage)
            ),
            *(
                _notify_replaced(coverage, notice, hold_counts, at)
                for notice in notices.values()
            ),
        ]
    )


def _coverers_and_holders(coverage: Coverage) -> list[Member]:
    """Return coverers not replaced and members with a live hold of the coverage, by id."""
    covering = Q(pk__in=coverage.coverers.filter(replaced_at=None).values("member"))
    holding = Q(pk__in=Hold.objects.live().filter(coverage=coverage).values("to"))
    return list(Member.objects.filter(covering | holding).order_by("pk"))


def _hold_counts(coverage: Coverage) -> dict[int, HoldCount]:
    taken = coverage.holds.filter(taken_at__isnull=False).order_by()
    counted = taken.values_list("to").annotate(
        held=Count("pk", filter=Q(state=Hold.State.LIVE)), last=Max("pk")
    )
    return {to: HoldCount(held, last) for to, held, last in counted}


def _notify_coverer(
    coverage: Coverage, member: Member, hold_counts: dict[int, HoldCount], at: datetime
) -> int:
    notice, _ = CoverageNotice.objects.get_or_create(
        coverage=coverage, member=member, defaults={"created_at": at}
    )
    if notice.closed_at:  # once more, after another did for a while
        notice.closed_at = None
        notice.until = None
        notice.created_at = at
        notice.save()
    hold_count = hold_counts.get(member.pk, HoldCount())
    if notice.until is None:
        return _notify_start(coverage, notice, hold_count, at)
    if notice.until != coverage.ends_at:
        later = "longer" if coverage.ends_at > notice.until else "shorter"
        words = f"for {coverage.member} {later}: until {_last_day(notice)}"
        return _notify(
            notice,
            hold_count,
            f"You cover {words}",
            at,
            team_subject=f"{member} covers {words}",
        )
    if hold_count.last > notice.last_hold and _may_count_again(notice, at):
        arrived = coverage.holds.filter(to=member, pk__gt=notice.last_hold)
        count = arrived.filter(taken_at__isnull=False).count()
        subject = f"{_more_leads(count)} of {coverage.member} came to you"
        return _notify(notice, hold_count, subject, at)
    return 0


def _notify_start(
    coverage: Coverage, notice: CoverageNotice, hold_count: HoldCount, at: datetime
) -> int:
    """Notify a coverer of the start; return 1, or 0 if it waits or nobody was reached.

    It waits while a hold of the coverage is on its way to them, but at most LONGEST
    from the creation of the notice on.
    """
    coming = Q(move__state__in=PENDING, move__to=notice.member_id)
    on_the_way = coverage.holds.filter(coming | Q(change_to=notice.member_id))
    is_late = at >= notice.created_at + LONGEST
    if on_the_way.exclude(state=Hold.State.ENDED).exists() and not is_late:
        return 0
    count = _leads(hold_count.held) if hold_count.held else "no lead yet"
    words = f"for {coverage.member} until {_last_day(notice)}: {count}"
    return _notify(
        notice,
        hold_count,
        f"You cover {words}",
        at,
        team_subject=f"{notice.member} covers {words}",
    )


def _notify_replaced(
    coverage: Coverage,
    notice: CoverageNotice,
    hold_counts: dict[int, HoldCount],
    at: datetime,
) -> int:
    """Close the notice of somebody who no longer covers and holds nothing.

    Notify them if they had been told that they cover. Return the number of
    notifications; nothing is done if the notice is closed or they still cover or hold.
    """
    covering = coverage.coverers.filter(member=notice.member_id, replaced_at=None)
    is_holding = bool(hold_counts.get(notice.member_id, HoldCount()).held)
    if notice.closed_at or is_holding or covering.exists():
        return 0
    return _close(notice, f"You no longer cover for {coverage.member}", at)


def _notify_end(coverage: Coverage, notice: CoverageNotice, at: datetime) -> int:
    """Close a coverer's notice if open; return the number of notifications.

    They are notified only if the coverage ended earlier than they had been told.
    """
    if notice.closed_at:
        return 0
    is_early = notice.until is not None and coverage.ends_at < notice.until
    early = f"{coverage.member} is back early: you no longer cover"
    return _close(notice, early if is_early else "", at)


def _close(notice: CoverageNotice, subject: str, at: datetime) -> int:
    count = 0
    if notice.until and subject:
        count = _notify(
            notice,
            HoldCount(),
            subject,
            at,
            team_subject=f"{notice.member} no longer covers for "
            f"{notice.coverage.member}",
        )
    notice.closed_at = at
    notice.save()
    return count


def _notify(
    notice: CoverageNotice,
    hold_count: HoldCount,
    subject: str,
    at: datetime,
    *,
    team_subject: str = "",
) -> int:
    """Notify a coverer and, with the words for others, the member's team; return 1, or 0
    if nobody was reached.
    """
    notice.messages += 1
    notice.until = notice.coverage.ends_at
    notice.told_at = at
    notice.last_hold = max(notice.last_hold, hold_count.last)
    notice.save()
    page = _page(notice.coverage_id)
    key = f"coverage-{notice.coverage_id}-covering-{notice.messages}"
    notification = notify(
        notice.member,
        kind=NotificationKind.COVERING,
        key=key,
        subject=subject,
        text="",
        path="/inbox/?owner=covering" if hold_count.held else page,
        at=at,
    )
    if team_subject:
        _notify_team(notice, key, team_subject, at)
    return int(notification is not None)


def _notify_team(notice: CoverageNotice, key: str, subject: str, at: datetime) -> None:
    notify_team(
        notice.coverage.member.team_id,
        kind=NotificationKind.COVERING,
        key=f"{key}-{notice.member_id}",
        subject=subject,
        path=_page(notice.coverage_id),
        at=at,
    )


def _page(coverage_id: int) -> str:
    return f"/coverage/{coverage_id}/"


def _notify_returned(
    coverage: Coverage, own_notice: CoverageNotice, at: datetime
) -> int:
    """Notify the member who is back; return the number of notifications.

    While it is returning: once, after RETURN_OVERDUE. Otherwise their notice is closed,
    with a final notification if it is completed; none if it is cancelled.
    """
    if coverage.state == STATE.RETURNING:
        since = coverage.returning_at or at
        if own_notice.told_at or since > at - alerts.RETURN_OVERDUE:
            return 0
        return _notify_counts(own_notice, at, is_final=False)
    own_notice.closed_at = at
    own_notice.save()
    return (
        _notify_counts(own_notice, at, is_final=True)
        if coverage.state == STATE.COMPLETED
        else 0
    )


def _notify_counts(own_notice: CoverageNotice, at: datetime, *, is_final: bool) -> int:
    own_notice.told_at = at
    own_notice.save()
    coverage = own_notice.coverage
    counts = status_counts(coverage)
    reader = own_notice.member.user
    sight = Sight.of(reader) if reader else EVERYTHING
    verb = "is" if 1 in {counts.home, counts.taken} else "are"
    how_many = f"{counts.home:,} of {_leads(counts.taken)} {verb}"
    result = f"{how_many} with you again" if counts.taken else "no lead was handed over"
    parts = [f"{count:,} {fate.label}" for fate, count in counts.parts]
    notification = notify(
        own_notice.member,
        kind=NotificationKind.RETURNED,
        key=f"coverage-{coverage.pk}-returned{'' if is_final else 'so-far'}",
        subject=f"You are back: {'' if is_final else 'so far '}{result}",
        text="\n".join(
            [
                f"Taken {counts.taken:,}: {', '.join(parts)}.",
                *_exception_lines(coverage, sight),
            ]
        ),
        path=f"/coverage/{coverage.pk}/certificate/",
        at=at,
    )
    return int(notification is not None)


def _exception_lines(coverage: Coverage, sight: Sight) -> list[str]:
    """Return `lead: sentence` for the first 20 holds in EXCEPTIONS whose lead the reader
    sees, oldest end first. If there are more, a last line says so.
    """
    exceptions = certificate_lines(
        coverage, EXCEPTIONS, most=MOST_NAMED + 1, sight=sight
    )
    sentences = [
        f"{line.hold.lead}: {line.sentence}" for line in exceptions[:MOST_NAMED]
    ]
    texts = [one_line(line) for line in sentences]
    return [*texts, "and more, see there."] if len(exceptions) > MOST_NAMED else texts


def _last_day(notice: CoverageNotice) -> str:
    return last_day_away(notice.coverage, zone_or_default(notice.member.time_zone))


def _leads(count: int) -> str:
    return "1 lead" if count == 1 else f"{count:,} leads"


def _more_leads(count: int) -> str:
    return "1 more lead" if count == 1 else f"{count:,} more leads"


def _may_count_again(notice: CoverageNotice, at: datetime) -> bool:
    return notice.told_at is not None and notice.told_at <= at - ARRIVALS_EVERY
