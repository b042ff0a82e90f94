"""What runs by itself. Doors for django-q2: take a seat, call one service, say what
happened. A task may run twice or be killed; the services it calls bear both.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from assignments import smtp
from assignments.services import account as accounts
from assignments.services import task_leases
from assignments.services.bulk import write_plan
from assignments.services.dispatch import queue
from assignments.services.dispatch.context import Desk
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.mail_content import parse_waiting
from assignments.services.mirror import conversations, scheduler
from assignments.services.notifications import compose, outbox
from assignments.services.operations import tick as minute_tick
from assignments.services.sla import recalculate
from assignments.smartlead.budget import CallBudget, account_budget
from assignments.smartlead.client import Client, connect
from assignments.task_queue import (
    DISPATCH_SEATS,
    DUES_SEAT,
    MAILS_SEAT,
    PARSER_SEAT,
    PLANS_SEAT,
    SYNC_SEAT,
    nudge_dispatch,
    nudge_dues,
    nudge_mails,
    nudge_parser,
    nudge_plans,
    nudge_sync,
)

logger = logging.getLogger(__name__)


@contextmanager
def at_the_counter() -> Iterator[tuple[Client, CallBudget]]:
    """The client and the budget of the account in the settings."""
    budget = account_budget()
    with connect(budget=budget) as client:
        yield client, budget


def dispatch() -> str:
    """Send what is due, for SEAT_TIME; then leave the seat and look once more."""
    started = timezone.now()
    with _seated(DISPATCH_SEATS, started) as seat:
        if seat is None:
            return "Both seats are taken."
        task_leases.beat("worker", at=started, detail="dispatch")
        with at_the_counter() as (client, budget):
            desk = Desk(client=client, budget=budget, clock=timezone.now)
            dispatcher = Dispatcher(desk)
            dispatcher.run(until=started + timedelta(seconds=settings.SEAT_TIME))
    if queue.something_is_due(accounts.current(), timezone.now()):
        nudge_dispatch()
    return f"{dispatcher.turns} turns."


def sync() -> str:
    """Read what is due of the inbox, for SEAT_TIME."""
    started = timezone.now()
    with _seated((SYNC_SEAT,), started) as seat:
        if seat is None:
            return "Somebody else is reading."
        task_leases.beat("sync", at=started)
        until = started + timedelta(seconds=settings.SEAT_TIME)
        with at_the_counter() as (client, budget):
            report = scheduler.sync_slice(
                client=client, budget=budget, until=until, clock=timezone.now
            )
    nudge_dispatch_if_due()
    logger.info("Sync: %s", report)
    return str(report)


def tick() -> str:
    """Each minute, without network: what the clock brings, and nudges for the rest."""
    now = timezone.now()
    with _seated((TICK_SEAT,), now) as seat:
        if seat is None:
            return "Another tick is running."
        task_leases.beat("worker", at=now, detail="tick")
        done = minute_tick.tick(at=now)
    if write_plan.unwritten():
        nudge_plans()
    if recalculate.is_unfinished():
        nudge_dues()
    if parse_waiting.something_waits():
        nudge_parser()
    nudge_dispatch_if_due()
    nudge_sync()
    if compose.something_waits(at=now):
        nudge_mails()
    return done


def write_plans() -> str:
    """Write confirmed plans into the ledger, for SEAT_TIME; then look once more."""
    started = timezone.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    count = 0
    with _seated((PLANS_SEAT,), started) as seat:
        if seat is None:
            return "Somebody else is writing."
        while (plans := write_plan.unwritten()) and timezone.now() < until:
            count += write_plan.write_chunk(plan=plans[0], at=timezone.now())
    if write_plan.unwritten():
        nudge_plans()
    return f"{count} rows written."


def work_out_dues() -> str:
    """Work out anew when answers fall due, for SEAT_TIME; then look once more."""
    started = timezone.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    count = 0
    with _seated((DUES_SEAT,), started) as seat:
        if seat is None:
            return "Somebody else is working it out."
        while recalculate.is_unfinished() and timezone.now() < until:
            count += recalculate.work_out_chunk()
    if recalculate.is_unfinished():
        nudge_dues()
    return f"{count} leads."


def parse_mails() -> str:
    """Parse stored mails and notes that wait for it, for SEAT_TIME; then look once more."""
    started = timezone.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    count = 0
    with _seated((PARSER_SEAT,), started) as seat:
        if seat is None:
            return "Somebody else is parsing."
        while parse_waiting.something_waits() and timezone.now() < until:
            count += parse_waiting.parse_chunk()
    if parse_waiting.something_waits():
        nudge_parser()
    return f"{count} texts parsed."


def send_mails() -> str:
    """Write the mails that are due and send what waits, for SEAT_TIME."""
    started = timezone.now()
    until = started + timedelta(seconds=settings.SEAT_TIME)
    count = 0
    with _seated((MAILS_SEAT,), started) as seat:
        if seat is None:
            return "Somebody else is sending."
        compose.write_due(at=started)
        if outbox.something_is_due(at=started):
            with smtp.postman() as postman:
                count = outbox.send_all(
                    postman=postman, until=until, clock=timezone.now
                )
    if outbox.something_is_due(at=timezone.now()):
        nudge_mails()
    return f"Mails sent: {count}."


def open_lead(map_id: int) -> str:
    """Fetch one lead's conversation and notes, if they are older than its last reply."""
    now = timezone.now()
    with _seated((f"open-{map_id}",), now) as seat:
        if seat is None:
            return "It is being fetched."
        with at_the_counter() as (client, budget):
            conversations.open_lead(map_id=map_id, client=client, budget=budget, at=now)
    return f"Lead {map_id} fetched."


TICK_SEAT = "tick"


def nudge_dispatch_if_due() -> None:
    if queue.something_is_due(accounts.current(), timezone.now()):
        nudge_dispatch()


@contextmanager
def _seated(names: tuple[str, ...], at: datetime) -> Iterator[task_leases.Taken | None]:
    """A seat for as long as a task can run; left as it ends, however it ends."""
    until = at + timedelta(seconds=settings.SEAT_TIME + 2 * settings.CALL_DEADLINE)
    seat = task_leases.take_seat(names, at=at, until=until)
    try:
        yield seat
    finally:
        if seat is not None:
            task_leases.leave_seat(seat)
