"""Ask the task queue (django-q2) to run a task soon.

What there is to do is read from the database's rows by the task itself, never from the
queue: a lost or doubled task costs nothing. A transaction asks for a task once, when it
commits, and not while every lease of the task is taken: whoever holds one gives it up
before looking a last time.
"""

from functools import partial

from django.db import connection, transaction
from django_q.tasks import async_task

from assignments import database_clock
from assignments.models import TaskLease

DISPATCH_LEASES = ("dispatch-1", "dispatch-2")
SYNC_LEASE = "sync"
PLANS_LEASE = "plans"
DEADLINES_LEASE = "dues"
MAILS_LEASE = "mails"
CHATS_LEASE = "chats"
PARSER_LEASE = "parser"
OUTGOING_LEASE = "outgoing"

# Functions of `assignments.tasks`, with the leases under which they run.
_LEASES = {
    "dispatch": DISPATCH_LEASES,
    "sync": (SYNC_LEASE,),
    "write_plans": (PLANS_LEASE,),
    "work_out_dues": (DEADLINES_LEASE,),
    "send_mails": (MAILS_LEASE,),
    "send_chats": (CHATS_LEASE,),
    "parse_mails": (PARSER_LEASE,),
    "deliver_outgoing": (OUTGOING_LEASE,),
}


def nudge_dispatch() -> None:
    _enqueue_on_commit("dispatch")


def nudge_sync() -> None:
    _enqueue_on_commit("sync")


def nudge_plans() -> None:
    """Queue the task that writes confirmed plans into the ledger.

    Once, when the transaction commits, unless its lease is taken then.
    """
    _enqueue_on_commit("write_plans")


def nudge_deadlines() -> None:
    """Queue the task that recalculates outdated deadlines.

    Once, when the transaction commits, unless its lease is taken then.
    """
    _enqueue_on_commit("work_out_dues")


def nudge_mails() -> None:
    """Queue the task that composes and sends mails.

    Once, when the transaction commits, unless its lease is taken then.
    """
    _enqueue_on_commit("send_mails")


def nudge_chats() -> None:
    """Queue the task that composes and sends messages in chat.

    Once, when the transaction commits, unless its lease is taken then.
    """
    _enqueue_on_commit("send_chats")


def nudge_parser() -> None:
    """Queue the task that parses mails and notes that no parser, or an older one, has
    parsed.

    Once, when the transaction commits, unless its lease is taken then.
    """
    _enqueue_on_commit("parse_mails")


def nudge_outgoing() -> None:
    """Queue the task that sends deliveries of outgoing webhooks.

    Once, when the transaction commits, unless its lease is taken then.
    """
    _enqueue_on_commit("deliver_outgoing")


def nudge_open_lead(map_id: int) -> None:
    """Queue, when the transaction commits, the task that fetches one lead's
    conversation and notes. Every call queues one.
    """
    transaction.on_commit(lambda: async_task("assignments.tasks.open_lead", map_id))


def are_leases_taken(names: tuple[str, ...]) -> bool:
    """Return whether all leases of these names are taken just now."""
    taken = TaskLease.objects.filter(name__in=names, until__gt=database_clock.now())
    return taken.count() == len(names)


def _enqueue(task: str) -> None:
    if not are_leases_taken(_LEASES[task]):
        async_task(f"assignments.tasks.{task}")


_ENQUEUERS = {task: partial(_enqueue, task) for task in _LEASES}


def _enqueue_on_commit(task: str) -> None:
    enqueue = _ENQUEUERS[task]
    if not any(entry[1] is enqueue for entry in connection.run_on_commit):
        transaction.on_commit(enqueue)
