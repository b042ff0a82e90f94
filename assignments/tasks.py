"""The tasks that django-q2 runs in the background.

Each takes its lease, calls a service for at most SEAT_TIME seconds, and returns a
sentence for the log of the queue. A task may run twice or be killed; the services it
calls bear both.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings

from assignments import database_clock, smtp
from assignments.chat.delivery import send_chat
from assignments.services import account as accounts
from assignments.services import task_leases
from assignments.services.bulk import write_plan
from assignments.services.dispatch import queue
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.mail_content import parse_waiting
from assignments.services.mirror import conversations, scheduler
from assignments.services.notifications import (
    chat_compose,
    chat_outbox,
    compose,
    outbox,
)
from assignments.services.operations import tick as minute_tick
from assignments.services.outgoing_webhooks import delivery_queue
from assignments.services.sla import recalculate
from assignments.smartlead.budget import CallBudget, account_budget
from assignments.smartlead.client import Client, connect
from assignments.task_queue import (
    CHATS_LEASE,
    DEADLINES_LEASE,
    DISPATCH_LEASES,
    MAILS_LEASE,
    OUTGOING_LEASE,
    PARSER_LEASE,
    PLANS_LEASE,
    SYNC_LEASE,
    nudge_chats,
    nudge_deadlines,
    nudge_dispatch,
    nudge_mails,
    nudge_outgoing,
    nudge_parser,
    nudge_plans,
    nudge_sync,
)

logger = logging.getLogger(__name__)

TICK_SEAT = "tick"


@contextmanager
def open_client() -> Iterator[tuple[Client, CallBudget]]:
    """Open a client for the account in the settings; yields it with its budget."""
    budget = account_budget()
    with connect(budget=budget) as client:
        yield client, budget


def dispatch() -> str:
    """Send what is due for at most SEAT_TIME seconds; return "<count> turns."

    Then the lease is given up and the task queued again if something is due. Returns a
    sentence and does nothing if both leases are taken.
    """
    started = database_clock.now()
    with _leased(DISPATCH_LEASES, started) as lease:
        if lease is None:
            return "Both seats are taken."
        task_leases.record_heartbeat("worker", at=started, detail="dispatch")
        with open_client() as (client, budget):
            context = DispatchContext(
                client=client, budget=budget, clock=database_clock.now
            )
            dispatcher = Dispatcher(context)
            dispatcher.run(until=started + timedelta(seconds=settings.SEAT_TIME))
    nudge_dispatch_if_due()
    return f"{dispatcher.turns} turns."


def sync() -> str:
    """Read what is due of the inbox for at most SEAT_TIME seconds; return the report as
    text.

    Then dispatch is queued if something is due. Returns a sentence and does nothing if
    the lease is taken.
    """
    started = database_clock.now()
    with _leased((SYNC_LEASE,), started) as lease:
        if lease is None:
            return "Somebody else is reading."
        task_leases.record_heartbeat("sync", at=started)
        until = started + timedelta(seconds=settings.SEAT_TIME)
        with open_client() as (client, budget):
            report = scheduler.sync_slice(
                client=client, budget=budget, until=until, clock=database_clock.now
            )
    nudge_dispatch_if_due()
    logger.info("Sync: %s", report)
    return str(report)


def tick() -> str:
    """Do each minute what needs no network; return the sentence of `operations.tick`.

    Then queue a sync, and those tasks that have work: plans, deadlines, parser,
    dispatch, mails, chats, outgoing webhooks. Returns a sentence and does nothing if
    another tick runs.
    """
    now = database_clock.now()
    with _leased((TICK_SEAT,), now) as lease:
        if lease is None:
            return "Another tick is running."
        task_leases.record_heartbeat("worker", at=now, detail="tick")
        done = minute_tick.tick(at=now)
    if write_plan.unwritten_plans():
        nudge_plans()
    if recalculate.is_unfinished():
        nudge_deadlines()
    if parse_waiting.is_anything_unparsed():
        nudge_parser()
    nudge_dispatch_if_due()
    nudge_sync()
    if compose.has_mail_to_send(at=now):
        nudge_mails()
    if chat_compose.has_chat_to_send(at=now):
        nudge_chats()
    if delivery_queue.is_anything_due(at=now):
        nudge_outgoing()
    return done


def write_plans() -> str:
    """Write confirmed plans into the ledger for at most SEAT_TIME seconds.

    Return "<count> rows written.", or another sentence if the lease is taken.
    """
    count = _work_until_done(
        PLANS_LEASE,
        write_plan.write_next_chunk,
        write_plan.unwritten_plans,
        nudge_plans,
    )
    return "Somebody else is writing." if count is None else f"{count} rows written."


def work_out_dues() -> str:
    """Recalculate outdated deadlines for at most SEAT_TIME seconds.

    Return "<count> leads.", or another sentence if the lease is taken.
    """
    count = _work_until_done(
        DEADLINES_LEASE,
        recalculate.recalculate_chunk,
        recalculate.is_unfinished,
        nudge_deadlines,
    )
    return "Somebody else is working it out." if count is None else f"{count} leads."


def parse_mails() -> str:
    """Parse stored mails and notes that wait for it, for at most SEAT_TIME seconds.

    Return "<count> texts parsed.", or another sentence if the lease is taken.
    """
    count = _work_until_done(
        PARSER_LEASE,
        parse_waiting.parse_chunk,
        parse_waiting.is_anything_unparsed,
        nudge_parser,
    )
    return "Somebody else is parsing." if count is None else f"{count} texts parsed."


def _work_until_done(
    lease_name: str,
    step: Callable[[], int],
    is_left: Callable[[], object],
    nudge: Callable[[], None],
) -> int | None:
    """Repeat `step` while anything is left, for SEAT_TIME seconds; then nudge if there
    still is.

    Return the sum of what the steps returned; None, and nothing is done, if the lease
    is taken.
    """
    started = database_clock.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    count = 0
    with _leased((lease_name,), started) as lease:
        if lease is None:
            return None
        while is_left() and database_clock.now() < until:
            count += step()
    if is_left():
        nudge()
    return count


def send_mails() -> str:
    """Compose the mails that are due, and deliver those that wait for at most SEAT_TIME
    seconds.

    Return "Mails sent: <count>.", which counts handled mails, or another sentence if
    the lease is taken. The task is queued again if more are due.
    """
    started = database_clock.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    count = 0
    with _leased((MAILS_LEASE,), started) as lease:
        if lease is None:
            return "Somebody else is sending."
        compose.compose_due_mails(at=started)
        if outbox.has_due_mail(at=started):
            with smtp.postman() as postman:
                count = outbox.deliver_due_mails(
                    postman=postman, until=until, clock=database_clock.now
                )
    if outbox.has_due_mail(at=database_clock.now()):
        nudge_mails()
    return f"Mails sent: {count}."


def send_chats() -> str:
    """Compose the messages in chat that are due, and deliver those that wait for at most
    SEAT_TIME seconds.

    Return "Messages in chat: <count>.", which counts handled ones, or another sentence
    if the lease is taken. The task is queued again if more are due.
    """
    started = database_clock.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    with _leased((CHATS_LEASE,), started) as lease:
        if lease is None:
            return "Somebody else is sending."
        chat_compose.compose_due_chats(at=started)
        count = chat_outbox.deliver_due_chats(
            send=send_chat, until=until, clock=database_clock.now
        )
    if chat_outbox.has_due_message(at=database_clock.now()):
        nudge_chats()
    return f"Messages in chat: {count}."


def deliver_outgoing() -> str:
    """Send outgoing webhooks that are due for at most SEAT_TIME seconds.

    Return "Attempts: <count>.", or another sentence if the lease is taken. The task is
    queued again if more are due.
    """
    started = database_clock.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    with _leased((OUTGOING_LEASE,), started) as lease:
        if lease is None:
            return "Somebody else is sending."
        count = delivery_queue.deliver_due(until=until, clock=database_clock.now)
    if delivery_queue.is_anything_due(at=database_clock.now()):
        nudge_outgoing()
    return f"Attempts: {count}."


def open_lead(map_id: int) -> str:
    """Fetch one lead, its conversation and its notes; return a sentence.

    What was fetched since its last mail is not fetched again; nothing is if the lead is
    being fetched just now.
    """
    now = database_clock.now()
    with _leased((f"open-{map_id}",), now) as lease:
        if lease is None:
            return "It is being fetched."
        with open_client() as (client, budget):
            conversations.refresh_lead(
                map_id=map_id, client=client, budget=budget, at=now
            )
    return f"Lead {map_id} fetched."


def nudge_dispatch_if_due() -> None:
    if queue.is_anything_due(accounts.current_account(), database_clock.now()):
        nudge_dispatch()


@contextmanager
def _leased(names: tuple[str, ...], at: datetime) -> Iterator[task_leases.Lease | None]:
    """Yield the first free lease of these names; None if all are taken.

    It is renewed while the block runs, at the longest until SEAT_TIME and twice
    CALL_DEADLINE seconds after `at`, and released when the block ends.
    """
    latest = at + timedelta(seconds=settings.SEAT_TIME + 2 * settings.CALL_DEADLINE)
    until = min(at + timedelta(seconds=settings.TASK_LEASE), latest)
    lease = task_leases.acquire_lease(names, at=at, until=until)
    if lease is None:
        yield None
        return
    try:
        with task_leases.renewing(lease, latest=latest, clock=database_clock.now):
            yield lease
    finally:
        task_leases.release_lease(lease)
