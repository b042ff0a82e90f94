"""The parts of the minute tick, which need no network."""

from collections.abc import Callable
from datetime import datetime, timedelta

from assignments.models import TaskLease
from assignments.services.breaches import detect
from assignments.services.bulk import plans
from assignments.services.coverage import messages
from assignments.services.coverage import tick as coverage
from assignments.services.insights import weekly_review
from assignments.services.isolation import run_isolated
from assignments.services.notifications import assignments
from assignments.services.operations import host_parts
from assignments.services.outgoing_webhooks import replay
from assignments.services.people import old_sessions, sign_ins
from assignments.services.routing import run as routing
from assignments.services.webhooks import receive as webhooks

FORGOTTEN = timedelta(hours=1)


def tick(*, at: datetime) -> str:
    """Run all PARTS in order; return their results, joined by blanks, for the log.

    A part that raises is logged and has "… broke off." as its result; the others still
    run.
    """
    return " ".join(_run(part, at) for part in PARTS)


def _run(part: Callable[[datetime], object], at: datetime) -> str:
    name = part.__name__.strip("_").replace("_", " ").capitalize()
    failed = f"{name} broke off."
    return run_isolated(lambda: str(part(at)), failed, "A part of the tick broke off")


def _tidying_up(at: datetime) -> str:
    old = TaskLease.objects.filter(name__startswith="open-", until=None) | (
        TaskLease.objects.filter(name__startswith="open-", until__lt=at - FORGOTTEN)
    )
    count, _ = old.delete()
    plans.delete_old_previews(at=at)
    sign_ins.prune_log(at=at)
    old_sessions.prune_sessions(at=at)
    host_parts.forget_old_parts(at=at)
    replay.prune_deliveries(at=at)
    return f"{count} empty seats cleared."


def _coverages(at: datetime) -> object:
    return coverage.tick(at)


def _routing(at: datetime) -> object:
    return routing.route_new_leads(at=at)


def _overdue_answers(at: datetime) -> str:
    return detect.tick(at=at)


def _notifications(at: datetime) -> str:
    told = assignments.announce_assignments(at=at) + messages.announce_coverages(at=at)
    told += messages.announce_troubles(at=at)
    return f"{told} people told. {weekly_review.send_weekly_reviews(at=at)}"


def _webhooks(at: datetime) -> str:
    return webhooks.tick(at=at)


# What Smartlead has told; coverages, then rules for what no coverage takes; then those
# who should know.
PARTS = (
    _webhooks,
    _coverages,
    _routing,
    _overdue_answers,
    _notifications,
    _tidying_up,
)
