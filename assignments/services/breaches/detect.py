"""The tick's part: what has fallen due is found, its owner told, then who leads.

Found, told and mended in one transaction: a killed tick leaves all of it or nothing, and
a second one finds nothing to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from assignments.models import Breach, Lead
from assignments.services.breaches import messages
from assignments.services.breaches.reassign import mend
from assignments.services.isolation import run_isolated
from assignments.services.routing import run as routing
from assignments.services.sla.policy import Book
from assignments.services.sla.recalculate import is_unfinished
from assignments.services.sla.working_time import moment_after

MOST = 1000  # leads that one tick finds; the next one goes on


def tick(*, at: datetime) -> str:
    """Returns what was done, for the log. What breaks here stops nothing else."""
    message = "Overdue answers could not be looked at"
    found = run_isolated(partial(find, at=at), "no", message)
    told = run_isolated(partial(escalate, at=at), "no", message)
    return f"{found} answers overdue, {told} still."


def find(*, at: datetime) -> int:
    """Record the replies that were not answered in time, once; how many."""
    ids = list(_unrecorded(at).values_list("pk", flat=True)[:MOST])
    return _record(ids, at) if ids else 0


@transaction.atomic
def _record(ids: Sequence[int], at: datetime) -> int:
    routing.lock()  # suggestions and plans of the clock come one after the other
    locked = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    list(locked.order_by("map_id").values_list("pk", flat=True))
    if is_unfinished():
        return 0  # some moments are those of targets or hours that count no more
    known = _unrecorded(at).filter(pk__in=ids).select_related("owner__user")
    leads = {lead.pk: lead for lead in known}
    book = Book()
    breaches = Breach.objects.bulk_create(
        _breach(lead, book, at) for lead in leads.values()
    )
    mended = mend(breaches, leads, book, at=at)
    messages.tell_owners(breaches, leads, mended, book, at=at)
    return len(breaches)


@transaction.atomic
def escalate(*, at: datetime) -> int:
    """Tell those who lead what waits all the same; how many leads."""
    ripe = Breach.objects.select_for_update(of=("self",)).filter(escalate_at__lte=at)
    found = list(ripe.order_by("pk").values_list("pk", flat=True)[:MOST])
    if not found or is_unfinished():
        return 0
    waits = _still_waiting(at).filter(pk__in=found)
    breaches = list(waits.select_related("lead__owner", "owner").order_by("pk"))
    messages.tell_leaders(breaches, at=at)
    told = [one.pk for one in breaches]
    Breach.objects.filter(pk__in=told).update(escalated_at=at)
    Breach.objects.filter(pk__in=found).update(escalate_at=None)
    _put_off(found, at)
    return len(breaches)


def _put_off(found: Sequence[int], at: datetime) -> None:
    """The same reply got more time by now: who leads hears of it after that."""
    later = _same_reply().filter(pk__in=found, lead__answer_due_at__gt=at)
    book = Book()
    for breach in later.select_related("lead"):
        due_at = breach.lead.answer_due_at
        assert due_at is not None  # noqa: S101  only such were asked for
        breach.escalate_at = _escalation(due_at, breach.lead, book)
        breach.save(update_fields=["escalate_at"])


def _unrecorded(at: datetime) -> QuerySet[Lead]:
    known = Breach.objects.filter(
        lead=OuterRef("pk"), reply_at=OuterRef("last_reply_at")
    )
    overdue = Lead.objects.present().filter(answer_owed=True, due_order__lte=at)
    # By owner, so that a backlog of thousands is few messages to each.
    ordered = overdue.order_by("owner_id", "due_order", "map_id")
    return ordered.filter(~Exists(known))


def _still_waiting(at: datetime) -> QuerySet[Breach]:
    """The same reply, and no later target by now."""
    return _same_reply().filter(lead__answer_due_at__lte=at)


def _same_reply() -> QuerySet[Breach]:
    return Breach.objects.filter(
        lead__gone_at=None, lead__answer_owed=True, lead__last_reply_at=F("reply_at")
    )


def _breach(lead: Lead, book: Book, at: datetime) -> Breach:
    reply_at, due_at = lead.last_reply_at, lead.answer_due_at
    assert reply_at is not None  # noqa: S101  only what was due is recorded
    assert due_at is not None  # noqa: S101
    return Breach(
        lead=lead,
        reply_at=reply_at,
        due_at=due_at,
        owner_id=lead.owner_id,
        found_at=at,
        escalate_at=_escalation(at, lead, book),
    )


def _escalation(since: datetime, lead: Lead, book: Book) -> datetime:
    while_longer = timedelta(minutes=book.hours.escalate_after)
    calendar = book.calendar_of(lead.owner_id)
    return moment_after(since, while_longer, calendar) or since + while_longer
