"""Take a slot of the budget, claim the most urgent row, make one call; again and again.

Nothing else changes anything in Smartlead (docs/design/design.md, rule 1).
Several may run at once; the rows' states keep them apart.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from assignments.models import Account, Assignment, Lead, Note
from assignments.models.assignment import PENDING
from assignments.services import account as accounts
from assignments.services.dispatch import page_reads, queue
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.queue import DispatchClaim, DispatchJob
from assignments.services.dispatch.send_assignment import send, settle
from assignments.services.dispatch.send_note import send_note, settle_note
from assignments.services.dispatch.send_read_mark import send_read_mark
from assignments.smartlead.budget import Slot
from assignments.smartlead.call_record import calls_about
from assignments.smartlead.errors import (
    NotSent,
    Refused,
    ServiceTrouble,
    SmartleadError,
)
from assignments.smartlead.rate_limiter import CallKind, NotBefore

# How soon a click is seen while waiting for a slot.
LOOK_AGAIN = timedelta(seconds=max(0.2 * settings.TIME_SCALE, 0.05))
CLAIM_AGAIN = timedelta(seconds=0.02)  # another worker claimed the row, or locks it
# Every fifth slot goes to the oldest row, so that nothing starves. While somebody waits
# for a click it is every fifteenth: each one makes that person wait a second longer.
OLDEST_EVERY = 5
OLDEST_AFTER_CLICKS = 15


@dataclass
class Dispatcher:
    """One worker. `turns` counts its tries to claim a row."""

    context: DispatchContext
    sleep: Callable[[float], None] = time.sleep
    turns: int = 0
    clicks_in_a_row: int = 0

    def run(self, *, until: datetime) -> None:
        """Take turns until that moment, or until nothing will be due before then.

        Between turns without work it sleeps, at most LOOK_AGAIN at a time.
        """
        while (now := self.context.clock()) < until:
            look_again = self.take_turn(now)
            if look_again is None:
                continue
            if look_again >= until:
                return
            self.sleep(_seconds(min(look_again - now, LOOK_AGAIN)))

    def run_until_empty(self) -> None:
        """Take turns until `is_work_left` is False, waiting for leases and back-offs.

        Rows that a person has paused stay waiting.
        """
        while is_work_left(accounts.current_account()):
            now = self.context.clock()
            self.run(until=now + timedelta(seconds=45))
            self.sleep(_seconds(LOOK_AGAIN))

    def take_turn(self, now: datetime) -> datetime | None:
        """Handle one row or send one probe and return None; else when to look again.

        Requeues expired claims first. During an outage it only probes. Returns the last
        possible datetime if the binding is wrong or nothing will ever be due.
        """
        account = accounts.current_account()
        if accounts.binding_problem(account):
            return datetime.max.replace(tzinfo=now.tzinfo)
        queue.requeue_expired_claims(now)
        if account.outage_since is not None:
            return self._probe(account, now)
        clicks = queue.are_clicks_due(account, now)
        if not clicks and not queue.is_anything_due(account, now):
            return queue.next_due_at(now) or datetime.max.replace(tzinfo=now.tzinfo)
        taken = self.context.budget.take(
            CallKind.INTERACTIVE if clicks else CallKind.NORMAL
        )
        if isinstance(taken, NotBefore):
            return self._wait_for_slot(taken, now)
        return self._use_slot(taken, account, clicks=clicks)

    def _use_slot(
        self, slot: Slot, account: Account, *, clicks: bool
    ) -> datetime | None:
        """Claim a row, handle it with the slot, and return None.

        Without a row the slot is given back, and the result is CLAIM_AGAIN from now.
        """
        oldest = self._is_turn_of_oldest(clicks=clicks)
        claim = queue.claim_next(
            account,
            self.context.clock(),
            clicks_only=clicks and not oldest,
            oldest=oldest,
        )
        if claim is None:
            self.context.budget.give_back(slot)
            return self.context.clock() + CLAIM_AGAIN
        self.context.emit("claimed")
        with calls_about(f"{claim.job.value} {claim.pk}", attempt=claim.attempt):
            _HANDLERS[claim.job](self.context, claim, slot)
        return None

    def _is_turn_of_oldest(self, *, clicks: bool) -> bool:
        self.turns += 1
        self.clicks_in_a_row = self.clicks_in_a_row + 1 if clicks else 0
        if clicks:
            return self.clicks_in_a_row % OLDEST_AFTER_CLICKS == 0
        return self.turns % OLDEST_EVERY == 0

    def _probe(self, account: Account, now: datetime) -> datetime | None:
        """Make one read in an outage and return None; else return when to look again.

        That is when the next probe is due, when there may be a slot, or LOOK_AGAIN from
        now if another worker has just claimed the probe.
        """
        if account.probe_at and account.probe_at > now:
            return account.probe_at
        taken = self.context.budget.take(CallKind.INTERACTIVE)
        if isinstance(taken, NotBefore):
            return self._wait_for_slot(taken, now)
        if not accounts.claim_probe(now):
            self.context.budget.give_back(taken)
            return now + LOOK_AGAIN
        self._probe_once(taken, now)
        return None

    def _wait_for_slot(self, taken: NotBefore, now: datetime) -> datetime | None:
        """Return when there may be a slot, at least 10 ms from now.

        If a probe is due after a 429 and there is a slot for it, one read is made
        instead and the result is None.
        """
        if taken.probe_due:
            slot = self.context.budget.take(CallKind.PROBE)
            if not isinstance(slot, NotBefore):
                self._probe_once(slot, now)
                return None
        return max(
            datetime.fromtimestamp(taken.at, tz=UTC), now + timedelta(milliseconds=10)
        )

    def _probe_once(self, slot: Slot, now: datetime) -> None:
        """Make one read; clear the outage if it is answered, else start or renew it.

        A call that was not sent and another 429 change nothing. An error that is no
        ServiceTrouble counts as an outage of kind "garbled".
        """
        try:
            with self.context.client.use_slot(slot):
                self.context.client.probe()
        except NotSent:
            return  # this process was paused; the next look tells
        except SmartleadError as error:
            kind = error.kind if isinstance(error, ServiceTrouble) else "garbled"
            if kind != "rate_limit":
                accounts.start_outage(kind=kind, sentence=str(error), at=now)
        else:
            accounts.clear_outage()


def is_work_left(account: Account) -> bool:
    """Return whether assignments, notes, read marks or rechecks are pending that nobody
    has paused.

    Rows being sent count always. Waiting ones do not while all writes, their batch, or
    (for bulk and rules) bulk is paused; waiting notes and read marks do not while all
    writes are.
    """
    rows = Assignment.objects.filter(state__in=PENDING)
    notes = Note.objects.pending()
    if account.paused_at:
        rows, notes = rows.sending(), notes.filter(state=Note.State.SENDING)
    rows = rows.exclude(state="waiting", batch__paused_at__isnull=False)
    if account.bulk_paused_at:
        rows = rows.exclude(state="waiting", urgency__gte=4)
    rechecks = Lead.objects.filter(recheck_at__isnull=False)
    marks = Lead.objects.filter(read_due_at__isnull=False)
    if account.paused_at:
        marks = marks.none()
    return any(found.exists() for found in (rows, notes, marks, rechecks))


def recheck_owner(context: DispatchContext, claim: DispatchClaim, slot: Slot) -> None:
    """Read one lead whose owner was contradicted, and store what the read says.

    Not sent: it is due again at once. ServiceTrouble: an outage is recorded (not for a
    429), and it is due when the lease ends. Refused or gone: the recheck is dropped. If
    the owner known before is confirmed, lists may be distrusted (`distrust_list`).
    """
    before = Lead.objects.get(pk=claim.pk)
    try:
        lead_row, asked_at = context.read_lead(claim.pk, slot)
    except NotSent:
        Lead.objects.filter(pk=claim.pk).update(recheck_at=context.clock())
        return
    except ServiceTrouble as error:
        if error.kind != "rate_limit":
            accounts.start_outage(
                kind=error.kind, sentence=str(error), at=context.clock()
            )
        return
    except Refused:
        lead_row = None
    if lead_row is None:
        # Whether it is gone is for the mirror to say, after two passes without it.
        Lead.objects.filter(pk=claim.pk).update(recheck_at=None, rechecks=0)
        return
    context.store_lead(lead_row, asked_at)
    if lead_row.owner_known and lead_row.owner_id == before.owner_id:
        page_reads.distrust_list(before, asked_at, context.clock())


_HANDLERS: dict[DispatchJob, Callable[[DispatchContext, DispatchClaim, Slot], None]] = {
    DispatchJob.SEND: send,
    DispatchJob.SETTLE: settle,
    DispatchJob.SEND_NOTE: send_note,
    DispatchJob.SETTLE_NOTE: settle_note,
    DispatchJob.SEND_READ_MARK: send_read_mark,
    DispatchJob.RECHECK: recheck_owner,
}


def _seconds(wait: timedelta) -> float:
    return max(wait.total_seconds(), 0.0)
