"""Decisions of a person whether a lead counts as read, in Smartlead too."""

from datetime import datetime

from django.db import transaction

from assignments.models import Lead, User
from assignments.services import access
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger.transitions import LEAD_GONE
from assignments.services.locks import lock_lead
from assignments.task_queue import nudge_dispatch


@transaction.atomic
def mark_lead(*, lead: Lead, is_read: bool, actor: User, at: datetime) -> None:
    """Mark the lead as read or unread here, and queue it to be sent to Smartlead.

    Nothing is queued if the lead is so already. While an earlier mark is being sent, this
    one waits for the end of that call, so that it is the last to arrive; and while one
    waits to be tried again, for that moment. Raises NotAllowed if the actor may not
    move the lead, AssignmentRefused if Smartlead no longer has it.
    """
    lead = lock_lead(lead.pk)
    access.check_assign(actor, lead=lead, to=None)
    if lead.gone_at:
        raise AssignmentRefused(LEAD_GONE)
    if lead.is_unread != is_read:
        return
    lead.is_unread = not is_read
    # A moment to come may be the end of a claim: two calls at once could overtake.
    lead.read_due_at = max(lead.read_due_at or at, at)
    lead.read_failures, lead.read_refusal = 0, ""
    lead.save(
        update_fields=["is_unread", "read_due_at", "read_failures", "read_refusal"]
    )
    nudge_dispatch()
