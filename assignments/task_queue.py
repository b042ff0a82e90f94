"""Nudges for django-q2: the row's state is the queue, a task only says "look".

One nudge a transaction, and none while every seat of the task is taken: whoever sits
there gives up the seat before looking a last time.
"""

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone
from django_q.tasks import async_task

from assignments.models import Seat

DISPATCH_SEATS = ("dispatch-1", "dispatch-2")
SYNC_SEAT = "sync"
PLANS_SEAT = "plans"
DUES_SEAT = "dues"
MAILS_SEAT = "mails"
PARSER_SEAT = "parser"


def nudge_dispatch() -> None:
    _once_on_commit(_enqueue_dispatch)


def nudge_sync() -> None:
    _once_on_commit(_enqueue_sync)


def nudge_plans() -> None:
    """Confirmed plans wait to be written into the ledger."""
    _once_on_commit(_enqueue_plans)


def nudge_dues() -> None:
    """When answers fall due is to be worked out anew, for more leads than at once."""
    _once_on_commit(_enqueue_dues)


def nudge_mails() -> None:
    """Somebody was told something, or a mail may go out again."""
    _once_on_commit(_enqueue_mails)


def nudge_parser() -> None:
    """Mails or notes are stored that no parser, or only an older one, has parsed."""
    _once_on_commit(_enqueue_parser)


def nudge_open_lead(map_id: int) -> None:
    """Fetch one lead's conversation and notes soon."""
    transaction.on_commit(lambda: async_task("assignments.tasks.open_lead", map_id))


def seats_are_taken(names: tuple[str, ...]) -> bool:
    taken = Seat.objects.filter(name__in=names, until__gt=timezone.now())
    return taken.count() == len(names)


def _enqueue_dispatch() -> None:
    if not seats_are_taken(DISPATCH_SEATS):
        async_task("assignments.tasks.dispatch")


def _enqueue_sync() -> None:
    if not seats_are_taken((SYNC_SEAT,)):
        async_task("assignments.tasks.sync")


def _enqueue_plans() -> None:
    if not seats_are_taken((PLANS_SEAT,)):
        async_task("assignments.tasks.write_plans")


def _enqueue_dues() -> None:
    if not seats_are_taken((DUES_SEAT,)):
        async_task("assignments.tasks.work_out_dues")


def _enqueue_mails() -> None:
    if not seats_are_taken((MAILS_SEAT,)):
        async_task("assignments.tasks.send_mails")


def _enqueue_parser() -> None:
    if not seats_are_taken((PARSER_SEAT,)):
        async_task("assignments.tasks.parse_mails")


def _once_on_commit(nudge: Callable[[], None]) -> None:
    if not any(entry[1] is nudge for entry in connection.run_on_commit):
        transaction.on_commit(nudge)
