"""Detection of overdue answers in the tick: record, notify, reassign, escalate.

All of that for a lead is one transaction: a killed tick leaves all of it or nothing, and
a second one finds nothing to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from assignments.models import Breach, Lead
from assignments.services.breaches import messages
from assignments.services.breaches.reassign import reassign_breached
from assignments.services.isolation import run_isolated
from assignments.services.routing import run as routing
from assignments.services.sla.policy import SlaPolicy
from assignments.services.sla.recalculate import is_unfinished
from assignments.services.sla.working_time import add_working_time

MOST = 1000  # leads in one tick; the next one goes on


def tick(*, at: datetime) -> str:
    """Record overdue answers and escalate; return "<recorded> answers overdue,
    <escalated> still."

    An exception of either is logged and swallowed, so that the rest of the tick still
    runs; its number is then "no".
    """
    message = "Overdue answers could not be looked at"
    recorded = run_isolated(partial(record_breaches, at=at), "no", message)
    escalated = run_isolated(partial(escalate, at=at), "no", message)
    return f"{recorded} answers overdue, {escalated} still."


def record_breaches(*, at: datetime) -> int:
    """Record up to MOST replies not answered in time, each once; return how many.

    Notifies the owners, and reassigns the leads or suggests it as the targets say.
    Returns 0 while deadlines are recalculated.
    """
    ids = list(_unrecorded(at).values_list("pk", flat=True)[:MOST])
    return _record(ids, at) if ids else 0


@transaction.atomic
def _record(ids: Sequence[int], at: datetime) -> int:
    """Record breaches of these leads, reassign and notify; return how many breaches.

    One transaction under the locks of routing and leads. Leads that are no longer
    overdue, or recorded meanwhile, are left out. Returns 0 while deadlines are
    recalculated.
    """
    routing.lock_routing()  # routing and breaches suggest and assign one after the other
    locked = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    list(locked.order_by("map_id").values_list("pk", flat=True))
    if is_unfinished():
        return 0  # some deadlines are still those of old targets or hours
    known = _unrecorded(at).filter(pk__in=ids).select_related("owner__user")
    leads = {lead.pk: lead for lead in known}
    policy = SlaPolicy()
    breaches = Breach.objects.bulk_create(
        _breach(lead, policy, at) for lead in leads.values()
    )
    actions = reassign_breached(breaches, leads, policy, at=at)
    messages.notify_owners(breaches, leads, actions, policy, at=at)
    return len(breaches)


@transaction.atomic
def escalate(*, at: datetime) -> int:
    """Notify team leads of up to MOST breaches due for escalation that are still
    overdue.

    Return how many breaches these were. They get `escalated_at`; all that were due lose
    `escalate_at`, except that a reply with a later deadline by now gets a new one.
    Nothing is done, and 0 returned, while deadlines are recalculated.
    """
    due = Breach.objects.select_for_update(of=("self",)).filter(escalate_at__lte=at)
    due_ids = list(due.order_by("pk").values_list("pk", flat=True)[:MOST])
    if not due_ids or is_unfinished():
        return 0
    still_waiting = _still_waiting(at).filter(pk__in=due_ids)
    breaches = list(still_waiting.select_related("lead__owner", "owner").order_by("pk"))
    messages.notify_team_leads(breaches, at=at)
    escalated_ids = [breach.pk for breach in breaches]
    Breach.objects.filter(pk__in=escalated_ids).update(escalated_at=at)
    Breach.objects.filter(pk__in=due_ids).update(escalate_at=None)
    _postpone(due_ids, at)
    return len(breaches)


def _postpone(breach_ids: Sequence[int], at: datetime) -> None:
    """Set a new `escalate_at` for those of the breaches whose reply still waits and
    whose deadline is after `at` by now; it counts from the new deadline.
    """
    later = _same_reply().filter(pk__in=breach_ids, lead__answer_due_at__gt=at)
    policy = SlaPolicy()
    for breach in later.select_related("lead"):
        due_at = breach.lead.answer_due_at
        assert due_at is not None  # noqa: S101  filtered above
        breach.escalate_at = _escalation(due_at, breach.lead, policy)
        breach.save(update_fields=["escalate_at"])


def _unrecorded(at: datetime) -> QuerySet[Lead]:
    """Return present leads due at or before `at` whose last reply has no breach yet, by
    owner, then deadline.
    """
    known = Breach.objects.filter(
        lead=OuterRef("pk"), reply_at=OuterRef("last_reply_at")
    )
    overdue = Lead.objects.present().filter(answer_owed=True, due_order__lte=at)
    # By owner, so that a backlog of thousands makes few messages for each.
    ordered = overdue.order_by("owner_id", "due_order", "map_id")
    return ordered.filter(~Exists(known))


def _still_waiting(at: datetime) -> QuerySet[Breach]:
    """Return breaches whose reply still waits and whose deadline as it is now is at or
    before `at`.
    """
    return _same_reply().filter(lead__answer_due_at__lte=at)


def _same_reply() -> QuerySet[Breach]:
    """Return breaches of present leads whose reply is still the last one and
    unanswered.
    """
    return Breach.objects.filter(
        lead__gone_at=None, lead__answer_owed=True, lead__last_reply_at=F("reply_at")
    )


def _breach(lead: Lead, policy: SlaPolicy, at: datetime) -> Breach:
    reply_at, due_at = lead.last_reply_at, lead.answer_due_at
    assert reply_at is not None  # noqa: S101  only overdue leads are recorded
    assert due_at is not None  # noqa: S101
    return Breach(
        lead=lead,
        reply_at=reply_at,
        due_at=due_at,
        owner_id=lead.owner_id,
        found_at=at,
        escalate_at=_escalation(at, lead, policy),
    )


def _escalation(since: datetime, lead: Lead, policy: SlaPolicy) -> datetime:
    """Return the moment at which `escalate_after` working minutes of the lead's owner
    have passed since `since`; minutes by the clock if they never work.
    """
    delay = timedelta(minutes=policy.hours.escalate_after)
    calendar = policy.calendar_of(lead.owner_id)
    return add_working_time(since, delay, calendar) or since + delay
