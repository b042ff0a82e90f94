"""Send one assignment to Smartlead: compare, stamp, call, record, settle.

See docs/design/design.md, rules 3 and 5. Every outcome is written only while the
claim is ours; a worker that was paused too long writes nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, QuerySet
from django.db.models.functions import Coalesce

from assignments.models import Account, Assignment, Lead
from assignments.models.assignment import State
from assignments.services.dispatch import page_reads
from assignments.services.dispatch.context import DispatchContext, retry_delay
from assignments.services.dispatch.failure_policy import (
    pause_bulk_if_refusals_repeat,
    record_outage,
    refusal_sentence,
    should_give_up,
)
from assignments.services.dispatch.freshness import (
    OwnerCheck,
    check_owner,
    max_owner_age,
)
from assignments.services.dispatch.page_reads import ReadPlan
from assignments.services.dispatch.queue import DispatchClaim
from assignments.services.ledger import preconditions
from assignments.services.ledger.ownership import record_owner_write
from assignments.services.ledger.transitions import LEAD_GONE, finalize, requeue
from assignments.services.locks import lock_lead
from assignments.smartlead.budget import Slot
from assignments.smartlead.errors import (
    AmbiguousWrite,
    NotSent,
    Refused,
    ServiceTrouble,
)
from assignments.smartlead.records import LeadRow

WITHHELD = "Smartlead does not say who has this lead."
OVERTAKEN_UNSENT = "Somebody changed the owner in Smartlead first. It was not sent."
OVERTAKEN_SENT = "Somebody changed the owner in Smartlead meanwhile. It stays so."


def send(context: DispatchContext, claim: DispatchClaim, slot: Slot) -> None:
    """Take one step for a claimed waiting row; give the slot back if the claim is lost."""
    if row := _load_claimed(claim):
        SendAssignment(context, row, slot).send()
    else:
        context.budget.give_back(slot)


def settle(context: DispatchContext, claim: DispatchClaim, slot: Slot) -> None:
    """Read what a claimed row's write did; give the slot back if the claim is lost."""
    if row := _load_claimed(claim):
        SendAssignment(context, row, slot).settle()
    else:
        context.budget.give_back(slot)


def _load_claimed(claim: DispatchClaim) -> Assignment | None:
    rows = Assignment.objects.select_related("lead", "lead__owner", "to", "expected")
    return rows.filter(pk=claim.pk, token=claim.token).first()


class SendAssignment:
    """One claimed row, and the slot that may be used for one call on its behalf."""

    def __init__(self, context: DispatchContext, row: Assignment, slot: Slot) -> None:
        self.context = context
        self.row = row
        self.slot = slot

    def send(self) -> None:
        """Take the row's next step by `check_owner`; give an unused slot back.

        READ_FIRST reads the lead or its page. SEND writes the owner, or ends the row if
        `why_not_send` has a reason or the target is inactive. ALREADY_TRUE ends it as
        DONE, OVERTAKEN as such. KNOWN_NOW expects the owner known now and waits again.
        """
        row, clock = self.row, self.context.clock
        match check_owner(row, row.lead, clock()):
            case OwnerCheck.READ_FIRST:
                return self._read_first()
            case OwnerCheck.SEND if why_not := preconditions.why_not_send(row, clock()):
                self._drop(why_not)
            case OwnerCheck.SEND if row.to is not None and row.to.is_active:
                return self._write()
            case OwnerCheck.SEND:
                self._refuse(f"{row.to} has been deactivated.")
            case OwnerCheck.ALREADY_TRUE:
                self._record_done(sure_at=row.lead.owner_sure_at)
            case OwnerCheck.KNOWN_NOW:
                self._adopt_owner()
            case OwnerCheck.OVERTAKEN:
                with self._locked_lead() as lead:
                    self._finish_overtaken(lead.owner_id)
        return self._give_back()

    def settle(self) -> None:
        """Read the lead of a row whose write was not answered, and act on its owner.

        The target: DONE. The expected owner, any if none was known, or none named: it
        waits again, or is given up. Another: OVERTAKEN. Lead gone: REFUSED. If the read
        fails, it is settled later.
        """
        row = self.row
        try:
            lead_row, asked_at = self.context.read_lead(row.lead_id, self.slot)
        except NotSent:
            return self._leave_to_next_worker()
        except (ServiceTrouble, Refused) as error:
            return self._settle_later(error)
        if lead_row is None:
            return self._refuse(LEAD_GONE)
        with self._locked_lead() as lead:
            if not self._mine().exists():
                return None
            # Before the owner is taken in: what it says here is our own doing.
            if lead_row.owner_known and lead_row.owner_id == row.to_id:
                self._finish_done(lead, asked_at, asked_at, self.context.clock())
            elif not lead_row.owner_known or self._is_expected(lead_row):
                self.context.store_lead(lead_row, asked_at, token=row.token)
                self._try_again(self.context.clock())
            else:
                self.context.store_lead(lead_row, asked_at, token=row.token)
                self._finish_overtaken(lead_row.owner_id)
        return self.context.emit("settled")

    # ── Reading ─────────────────────────────────────────────────────────────────
    def _read_first(self) -> None:
        match page_reads.plan_read(self.row, self.context.clock()):
            case ReadPlan.PAGE:
                return self._read_page()
            case ReadPlan.WAIT:
                self._give_back()
                return self._put_back(wait=page_reads.PAGE_RECHECK_DELAY)
        return self._read_lead()

    def _read_page(self) -> None:
        """Let the row wait again, and read its page for all rows on it."""
        page = page_reads.mark_awaited(self.row, self.context.clock())
        self._put_back()
        try:
            page_reads.read_page(self.context, page, self.slot)
        except NotSent:
            page_reads.unmark_awaited(page)
        except ServiceTrouble as error:
            page_reads.unmark_awaited(page)
            record_outage(error, self.context.clock())

    def _read_lead(self) -> None:
        row = self.row
        try:
            lead_row, asked_at = self.context.read_lead(row.lead_id, self.slot)
        except NotSent:
            return self._put_back()
        except ServiceTrouble as error:
            return self._record_not_applied(error)
        except Refused as error:
            return self._refuse(refusal_sentence(error))
        if lead_row is None:
            return self._refuse(LEAD_GONE)
        with self._locked_lead() as lead:
            if not self._mine().exists():
                return None
            if row.sends and lead_row.owner_known and lead_row.owner_id == row.to_id:
                # It has landed at last: our own doing, not a change by somebody else.
                self._finish_done(lead, asked_at, asked_at, self.context.clock())
                return None
            self.context.store_lead(lead_row, asked_at, token=row.token)
            if row.expected_known and not lead_row.owner_known:
                self._count_failure(self.context.clock(), WITHHELD)
                self._try_again(self.context.clock())
            else:
                at = self.context.clock()
                # A clock ahead of ours wrote it: until then each read of ours is older.
                known_at = lead.owner_known_at
                ahead = known_at if known_at and known_at > at else None
                requeue(row, token=row.token, at=at, not_before=ahead)
        return None

    # ── Writing ─────────────────────────────────────────────────────────────────
    def _write(self) -> None:
        row = self.row
        assert row.to_id is not None  # noqa: S101  a row to nobody is born done
        start_by = self._stamp()
        if start_by is None:
            self._give_back()
            return self._put_back()
        self.context.emit("stamped")
        began_at = self.context.clock()
        try:
            with self.context.client.use_slot(self.slot):
                self.context.client.set_owner(
                    map_id=row.lead_id, member_id=row.to_id, start_by=start_by
                )
        except NotSent:
            return self._put_back()
        except Refused as error:
            return self._refuse(refusal_sentence(error))
        except AmbiguousWrite as error:
            return self._leave_unsettled(error, settle_at=self.context.clock())
        except ServiceTrouble as error:
            if error.surely_not_applied:
                return self._record_not_applied(error)
            return self._leave_unsettled(error)
        self.context.emit("answered")
        return self._record_done(sure_at=began_at)

    def _stamp(self) -> float | None:
        """Mark the row as sent (`sent_at`, `settle_at`, one more in `sends`).

        Returns the monotonic time to start by; None, with nothing marked, if the claim
        is lost or too short, the owner changed or not fresh, or writes are paused.
        """
        row = self.row
        monotonic, now = time.monotonic(), self.context.clock()
        assert row.lease_until is not None  # noqa: S101  a claimed row has a lease
        spare = row.lease_until - now - timedelta(seconds=settings.CALL_DEADLINE)
        lead = Lead.objects.filter(pk=row.lead_id, owner=row.expected_id)
        seen_at = (
            row.lead.owner_sure_at if row.expected_known else row.lead.owner_withheld_at
        )
        assert seen_at is not None  # noqa: S101  `check_owner` made sure of it
        fresh_for = seen_at + max_owner_age(row) - now
        seconds = min(spare, fresh_for).total_seconds()
        is_stamped = seconds > 0 and (
            self._mine()
            .filter(
                Exists(lead),
                Exists(Account.objects.filter(pk=1, paused_at=None)),
                state=State.SENDING,
            )
            .update(
                sent_at=now,
                settle_at=now + timedelta(seconds=settings.QUIET),
                sends=F("sends") + 1,
            )
        )
        return monotonic + seconds if is_stamped else None

    # ── Final states ────────────────────────────────────────────────────────────
    def _record_done(self, *, sure_at: datetime | None) -> None:
        answered_at = self.context.clock()
        with self._locked_lead() as lead:
            self._finish_done(lead, sure_at, answered_at, self.context.clock())
        self.context.emit("recorded")

    def _finish_done(
        self,
        lead: Lead,
        sure_at: datetime | None,
        answered_at: datetime,
        at: datetime,
    ) -> None:
        to_id = self.row.to_id
        assert to_id is not None  # noqa: S101  a row to nobody is born done
        if self._finish(State.DONE, "", at):
            record_owner_write(
                lead, owner_id=to_id, sure_at=sure_at, answered_at=answered_at
            )

    def _refuse(self, outcome: str) -> None:
        at = self.context.clock()
        with self._locked_lead():
            is_refused = self._finish(State.REFUSED, outcome, at)
        if is_refused:
            pause_bulk_if_refusals_repeat(at)

    def _drop(self, why_not: str) -> None:
        """End a person's row as SKIPPED, any other as CANCELLED and outdated."""
        at = self.context.clock()
        state = State.SKIPPED if self.row.is_personal else State.CANCELLED
        with self._locked_lead():
            finalize(
                self.row,
                state=state,
                outcome=why_not,
                at=at,
                token=self.row.token,
                was_outdated=state == State.CANCELLED,
            )

    def _finish_overtaken(self, found_id: int | None) -> None:
        outcome = OVERTAKEN_SENT if self.row.sends else OVERTAKEN_UNSENT
        self._finish(State.OVERTAKEN, outcome, self.context.clock(), found_id)

    def _finish(
        self, state: State, outcome: str, at: datetime, found_id: int | None = None
    ) -> bool:
        token = self.row.token
        return finalize(
            self.row,
            state=state,
            outcome=outcome,
            at=at,
            token=token,
            found_id=found_id,
        )

    # ── Waiting again ───────────────────────────────────────────────────────────
    def _adopt_owner(self) -> None:
        """Expect the owner known now and wait; SKIPPED if it is the target."""
        row, at = self.row, self.context.clock()
        with self._locked_lead() as lead:
            if lead.owner_id == row.to_id:
                self._finish(State.SKIPPED, f"{row.to} has had it all along.", at)
                return
            self._mine().update(expected=lead.owner_id, expected_known=True)
            requeue(row, token=row.token, at=at)

    def _put_back(self, wait: timedelta | None = None) -> None:
        """Let a row that is still ours wait, for `wait` if given, as not sent."""
        with self._locked_lead():
            if self._mine().exists():
                self._unstamp()
                at = self.context.clock()
                not_before = at + wait if wait else None
                requeue(self.row, token=self.row.token, at=at, not_before=not_before)

    def _unstamp(self) -> None:
        """Clear the times of a stamped row and take one off `sends`."""
        stamped = self._mine().filter(sent_at__isnull=False)
        stamped.update(sent_at=None, settle_at=None, sends=F("sends") - 1)

    def _record_not_applied(self, error: ServiceTrouble) -> None:
        at = self.context.clock()
        with self._locked_lead():
            if self._mine().exists():
                self._unstamp()
                if error.kind == "rate_limit":
                    requeue(self.row, token=self.row.token, at=at)
                else:
                    self._count_failure(at, str(error))
                    self._try_again(at)
        record_outage(error, at)

    def _try_again(self, at: datetime) -> None:
        """End the row as REFUSED if `should_give_up`, else let it wait."""
        row = self.row
        if should_give_up(row, at):
            outcome = f"Given up after {row.failures} failed attempts. {row.outcome}"
            self._finish(State.REFUSED, outcome, at)
            return
        not_before = at + retry_delay(row.failures) if row.failures else None
        requeue(row, token=row.token, at=at, not_before=not_before)

    # ── Still sending ───────────────────────────────────────────────────────────
    def _leave_unsettled(
        self, error: ServiceTrouble | AmbiguousWrite, settle_at: datetime | None = None
    ) -> None:
        """Count a failure and end the lease; the row stays SENDING."""
        at = self.context.clock()
        self._count_failure(at, str(error))
        self._mine().update(lease_until=at, settle_at=settle_at or F("settle_at"))
        if isinstance(error, ServiceTrouble):
            record_outage(error, at)

    def _leave_to_next_worker(self) -> None:
        self._mine().update(lease_until=self.context.clock())

    def _settle_later(self, error: ServiceTrouble | Refused) -> None:
        at = self.context.clock()
        self._count_failure(at, str(error))
        settle_at = at + retry_delay(self.row.failures)
        self._mine().update(lease_until=at, settle_at=settle_at)
        if isinstance(error, ServiceTrouble):
            record_outage(error, at)

    def _count_failure(self, at: datetime, reason: str) -> None:
        self._mine().update(
            failures=F("failures") + 1,
            first_failed_at=Coalesce("first_failed_at", at),
            outcome=reason[:500],
        )
        self.row.refresh_from_db(fields=["failures", "first_failed_at", "outcome"])

    # ── What all of it stands on ────────────────────────────────────────────────
    def _mine(self) -> QuerySet[Assignment]:
        """Return the row as a query set; empty once the claim is no longer ours."""
        return Assignment.objects.filter(pk=self.row.pk, token=self.row.token)

    @contextmanager
    def _locked_lead(self) -> Iterator[Lead]:
        with transaction.atomic():
            yield lock_lead(self.row.lead_id)

    def _is_expected(self, lead_row: LeadRow) -> bool:
        return not self.row.expected_known or lead_row.owner_id == self.row.expected_id

    def _give_back(self) -> None:
        self.context.budget.give_back(self.slot)
