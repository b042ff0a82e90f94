"""The weekly review: a notification on Monday morning to managers and team leads."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.models import User
from assignments.models.notification import NotificationKind
from assignments.services.insights import review
from assignments.services.notifications.notify import notify
from assignments.services.routing.suggestions import open_suggestions_for
from assignments.services.time_zones import zone_or_default

HOUR = time(8)  # on Monday, in the reader's time zone
PAGE = "/review/"


def send_weekly_reviews(*, at: datetime) -> str:
    """Notify every recipient whose review is due, has something in it and was not sent
    yet.

    Return "<count> told of their week." for the log. Due from Monday 8:00 to the end of
    the week.
    """
    count = sum(_notify(user, at) for user in recipients())
    return f"{count} told of their week."


def recipients() -> QuerySet[User]:
    """Return the active sales managers, superusers and users who lead a team, by id."""
    leading = Q(is_sales_manager=True) | Q(is_superuser=True)
    leading |= Q(leads_teams__isnull=False)
    return User.objects.filter(leading, is_active=True).distinct().order_by("pk")


def due_week(user: User, at: datetime) -> str | None:
    """Return the ISO week whose review is due, such as "2026-W48"; None on Monday
    before 8:00, in the user's time zone.
    """
    local = at.astimezone(zone_or_default(user.time_zone))
    monday = local.date() - timedelta(days=local.weekday())
    if local < datetime.combine(monday, HOUR, tzinfo=local.tzinfo):
        return None
    return f"{monday:%G-W%V}"


def _notify(user: User, at: datetime) -> bool:
    """Send the user's review if it is due and not empty; return whether it was sent.

    Marks the week as done in either case, so that a week is tried once. False also if
    the week was done before.
    """
    week = due_week(user, at)
    if week is None or user.reviewed_week >= week:
        return False
    with transaction.atomic():
        behind = User.objects.filter(pk=user.pk, reviewed_week__lt=week)
        if not behind.update(reviewed_week=week):
            return False
        counts = review_counts(user, at)
        if counts:
            _send(user, week, counts, at)
    return bool(counts)


def review_counts(user: User, at: datetime) -> dict[str, int]:
    """Return the counts to review by the page's labels, suggestions first, then the
    sections in their order; zeros are left out.
    """
    counts = {"Suggestions": open_suggestions_for(user).count()} | {
        section.label: count
        for section, count in review.section_counts(user, at=at).items()
    }
    return {label: count for label, count in counts.items() if count}


def _total(user: User, at: datetime) -> str:
    """Return `12 leads to look at`, as the page counts them; `untouched leads` if there
    are only those.
    """
    total = review.waiting_count(user, at=at)
    if not total:
        return "untouched leads"
    most = review.MOST_COUNTED
    shown = f"{most}+" if total > most else f"{total}"
    return f"{shown} lead{'' if total == 1 else 's'} to look at"


def _send(user: User, week: str, counts: dict[str, int], at: datetime) -> None:
    lines = [f"{label}: {count:,}" for label, count in counts.items()]
    notify(
        user,
        kind=NotificationKind.REVIEW,
        key=f"review-{week}",
        subject=f"Weekly review: {_total(user, at)}",
        text="\n".join(lines),
        path=PAGE,
        at=at,
    )
