"""The weekly review, told on Monday morning to those who can act on it."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.models import User
from assignments.models.notification import Kind
from assignments.services.insights import review
from assignments.services.notifications.notify import tell
from assignments.services.routing.suggestions import open_to
from assignments.services.time_zones import zone_named

HOUR = time(8)  # of Monday, where the reader is
PAGE = "/review/"


def tell_all(*, at: datetime) -> str:
    """Everybody whose week has come: on Monday, or later if nobody could be told then."""
    count = 0
    for user in readers():
        count += _tell(user, at)
    return f"{count} told of their week."


def readers() -> QuerySet[User]:
    leading = Q(is_sales_manager=True) | Q(is_superuser=True)
    leading |= Q(leads_teams__isnull=False)
    return User.objects.filter(leading, is_active=True).distinct().order_by("pk")


def week_of(user: User, at: datetime) -> str | None:
    """The week whose review they should have been told of by now: "2026-W48"."""
    local = at.astimezone(zone_named(user.time_zone))
    monday = local.date() - timedelta(days=local.weekday())
    if local < datetime.combine(monday, HOUR, tzinfo=local.tzinfo):
        return None
    return f"{monday:%G-W%V}"


def _tell(user: User, at: datetime) -> bool:
    """Whether there was something to tell. Asked once a week, whatever came of it."""
    week = week_of(user, at)
    if week is None or user.reviewed_week >= week:
        return False
    with transaction.atomic():
        behind = User.objects.filter(pk=user.pk, reviewed_week__lt=week)
        if not behind.update(reviewed_week=week):
            return False
        found = to_review(user, at)
        if found:
            _say(user, week, found, at)
    return bool(found)


def to_review(user: User, at: datetime) -> dict[str, int]:
    """How many of what, in the words of the page; without what there is none of."""
    found = {"Suggestions": open_to(user).count()} | {
        section.label: count for section, count in review.counts(user, at=at).items()
    }
    return {label: count for label, count in found.items() if count}


def _say(user: User, week: str, found: dict[str, int], at: datetime) -> None:
    total = sum(found.values())
    lines = [f"{label}: {count:,}" for label, count in found.items()]
    tell(
        user,
        kind=Kind.REVIEW,
        key=f"review-{week}",
        subject=f"Weekly review: {total:,} to look at",
        text="\n".join(lines),
        path=PAGE,
        at=at,
    )
