"""One assignment's way to Smartlead: compare, stamp, call, record, settle.

See docs/design/design.md, rules 3 and 5. Every outcome is written only while the
claim is ours; a worker that was paused too long writes nothing.
"""

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F
from django.db.models.functions import Coalesce

from assignments.models import Account, Assignment, Lead
from assignments.models.assignment import State
from assignments.services.dispatch import page_reads
from assignments.services.dispatch.context import Desk, back_off
from assignments.services.dispatch.failure_policy import (
    in_their_words,
    is_hopeless,
    pause_bulk_if_refusals_repeat,
    tell_trouble,
)
from assignments.services.dispatch.freshness import Comparison, compare, freshness
from assignments.services.dispatch.page_reads import Turn
from assignments.services.dispatch.queue import Claim
from assignments.services.ledger import preconditions
from assignments.services.ledger.ownership import record_write
from assignments.services.ledger.transitions import GONE, finish, release
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


def send(desk: Desk, claim: Claim, slot: Slot) -> None:
    """Use one slot for a claimed row: to read its lead, or to write its owner."""
    row = _load(claim)
    if row is None:
        return desk.budget.give_back(slot)
    match compare(row, row.lead, desk.clock()):
        case Comparison.READ_FIRST:
            return _read_first(desk, row, slot)
        case Comparison.SEND if why_not := preconditions.why_not_now(row, desk.clock()):
            _decide_again(desk, row, why_not)
        case Comparison.SEND if row.to is not None and row.to.is_active:
            return _write(desk, row, claim, slot)
        case Comparison.SEND:
            _refuse(desk, row, f"{row.to} has been deactivated.")
        case Comparison.ALREADY_TRUE:
            _done(desk, row, sure_at=row.lead.owner_sure_at)
        case Comparison.KNOWN_NOW:
            _adopt_owner(desk, row)
        case Comparison.OVERTAKEN:
            _overtaken(desk, row)
    return desk.budget.give_back(slot)


def settle(desk: Desk, claim: Claim, slot: Slot) -> None:
    """A write went out and nobody knows what became of it: read the lead and see."""
    row = _load(claim)
    if row is None:
        return desk.budget.give_back(slot)
    try:
        found, asked_at = desk.read_lead(row.lead_id, slot)
    except NotSent:
        return _leave_to_next(desk, row)
    except (ServiceTrouble, Refused) as error:
        return _settle_later(desk, row, error)
    if found is None:
        return _refuse(desk, row, GONE)
    with transaction.atomic():
        lead = lock_lead(row.lead_id)
        if not _is_mine(row):
            return None
        # Before the sighting is taken in: what is found here is our own doing.
        if found.owner_known and found.owner_id == row.to_id:
            _finish_done(row, lead, asked_at, asked_at, desk.clock())
        elif not found.owner_known or _is_expected(row, found):
            desk.keep_row(found, asked_at, token=row.token)
            _again(row, desk.clock())
        else:
            desk.keep_row(found, asked_at, token=row.token)
            _finish_overtaken(row, found.owner_id, desk.clock())
    return desk.reached("settled")


def _load(claim: Claim) -> Assignment | None:
    rows = Assignment.objects.select_related("lead", "lead__owner", "to", "expected")
    return rows.filter(pk=claim.pk, token=claim.token).first()


def _is_mine(row: Assignment) -> bool:
    return Assignment.objects.filter(pk=row.pk, token=row.token).exists()


def _is_expected(row: Assignment, found: LeadRow) -> bool:
    return not row.expected_known or found.owner_id == row.expected_id


def _read_first(desk: Desk, row: Assignment, slot: Slot) -> None:
    match page_reads.turn_for(row, desk.clock()):
        case Turn.PAGE:
            return _read_page(desk, row, slot)
        case Turn.WAIT:
            desk.budget.give_back(slot)
            return _put_back(desk, row, wait=page_reads.A_MOMENT)
    return _read_lead(desk, row, slot)


def _read_page(desk: Desk, row: Assignment, slot: Slot) -> None:
    """One call for this lead and those that follow it in the list of their owner.

    Whatever comes of it: where the lead is not on the page, it is read by itself.
    """
    page = page_reads.expect(row, desk.clock())
    _put_back(desk, row)
    try:
        page_reads.read(desk, page, slot)
    except NotSent:
        page_reads.forget(page)
    except ServiceTrouble as error:
        page_reads.forget(page)
        tell_trouble(error, desk.clock())


def _read_lead(desk: Desk, row: Assignment, slot: Slot) -> None:
    try:
        found, asked_at = desk.read_lead(row.lead_id, slot)
    except NotSent:
        return _put_back(desk, row)
    except ServiceTrouble as error:
        return _not_applied(desk, row, error)
    except Refused as error:
        return _refuse(desk, row, in_their_words(error))
    if found is None:
        return _refuse(desk, row, GONE)
    with transaction.atomic():
        lead = lock_lead(row.lead_id)
        if not _is_mine(row):
            return None
        if row.sends and found.owner_known and found.owner_id == row.to_id:
            # It has landed at last: our own doing, not a change by somebody else.
            _finish_done(row, lead, asked_at, asked_at, desk.clock())
            return None
        desk.keep_row(found, asked_at, token=row.token)
        if row.expected_known and not found.owner_known:
            _count_failure(row, desk.clock(), WITHHELD)
            _again(row, desk.clock())
        else:
            at = desk.clock()
            release(row, token=row.token, at=at, not_before=_ahead_of_us(lead, at))
    return None


def _ahead_of_us(lead: Lead, at: datetime) -> datetime | None:
    """Known by a clock that is ahead of ours: until then each read of ours is older."""
    known_at = lead.owner_known_at
    return known_at if known_at and known_at > at else None


def _write(desk: Desk, row: Assignment, claim: Claim, slot: Slot) -> None:
    assert row.to_id is not None  # noqa: S101  a row to nobody is born done
    start_by = _stamp(desk, row, claim)
    if start_by is None:
        desk.budget.give_back(slot)
        return _put_back(desk, row)
    desk.reached("stamped")
    began_at = desk.clock()
    try:
        with desk.client.use_slot(slot):
            desk.client.set_owner(
                map_id=row.lead_id, member_id=row.to_id, start_by=start_by
            )
    except NotSent:
        return _put_back(desk, row)
    except Refused as error:
        return _refuse(desk, row, in_their_words(error))
    except AmbiguousWrite as error:
        return _unsettled(desk, row, error, settle_at=desk.clock())
    except ServiceTrouble as error:
        if error.surely_not_applied:
            return _not_applied(desk, row, error)
        return _unsettled(desk, row, error)
    desk.reached("answered")
    return _done(desk, row, sure_at=began_at)


def _stamp(desk: Desk, row: Assignment, claim: Claim) -> float | None:
    """The last act before the socket. Returns the monotonic time to start by.

    None if the claim is no longer ours or too short for a call, the owner no longer
    fresh, or somebody has paused all writes.
    """
    monotonic, now = time.monotonic(), desk.clock()
    spare = claim.lease_until - now - timedelta(seconds=settings.CALL_DEADLINE)
    lead = Lead.objects.filter(pk=row.lead_id, owner=row.expected_id)
    seen_at = (
        row.lead.owner_sure_at if row.expected_known else (row.lead.owner_withheld_at)
    )
    assert seen_at is not None  # noqa: S101  `compare` has found it fresh
    fresh_for = seen_at + freshness(row) - now
    seconds = min(spare, fresh_for).total_seconds()
    hit = seconds > 0 and (
        Assignment.objects.filter(
            Exists(lead),
            Exists(Account.objects.filter(pk=1, paused_at=None)),
            pk=row.pk,
            token=row.token,
            state=State.SENDING,
        ).update(
            sent_at=now,
            settle_at=now + timedelta(seconds=settings.QUIET),
            sends=F("sends") + 1,
        )
    )
    return monotonic + seconds if hit else None


def _done(desk: Desk, row: Assignment, *, sure_at: datetime | None) -> None:
    answered_at = desk.clock()
    with transaction.atomic():
        lead = lock_lead(row.lead_id)
        _finish_done(row, lead, sure_at, answered_at, desk.clock())
    desk.reached("recorded")


def _finish_done(
    row: Assignment,
    lead: Lead,
    sure_at: datetime | None,
    answered_at: datetime,
    at: datetime,
) -> None:
    assert row.to_id is not None  # noqa: S101  a row to nobody is born done
    if finish(row, state=State.DONE, outcome="", at=at, token=row.token):
        record_write(lead, owner_id=row.to_id, sure_at=sure_at, answered_at=answered_at)


def _refuse(desk: Desk, row: Assignment, sentence: str) -> None:
    at = desk.clock()
    with transaction.atomic():
        lock_lead(row.lead_id)
        hit = finish(row, state=State.REFUSED, outcome=sentence, at=at, token=row.token)
    if hit:
        pause_bulk_if_refusals_repeat(at)


def _decide_again(desk: Desk, row: Assignment, why_not: str) -> None:
    """A coverage's plan has grown old; the next tick makes another. A batch goes on."""
    at = desk.clock()
    state = State.SKIPPED if row.is_personal else State.CANCELLED
    with transaction.atomic():
        lock_lead(row.lead_id)
        finish(
            row,
            state=state,
            outcome=why_not,
            at=at,
            token=row.token,
            was_outdated=state == State.CANCELLED,
        )


def _overtaken(desk: Desk, row: Assignment) -> None:
    with transaction.atomic():
        lead = lock_lead(row.lead_id)
        _finish_overtaken(row, lead.owner_id, desk.clock())


def _finish_overtaken(row: Assignment, found_id: int | None, at: datetime) -> None:
    outcome = "Somebody changed the owner in Smartlead first. It was not sent."
    if row.sends:
        outcome = "Somebody changed the owner in Smartlead meanwhile. It stays so."
    finish(
        row,
        state=State.OVERTAKEN,
        outcome=outcome,
        at=at,
        token=row.token,
        found_id=found_id,
    )


def _adopt_owner(desk: Desk, row: Assignment) -> None:
    """Nobody knew the owner when it was decided; now that we do, that is who to expect."""
    at = desk.clock()
    with transaction.atomic():
        lead = lock_lead(row.lead_id)
        if lead.owner_id == row.to_id:
            outcome = f"{row.to} has had it all along."
            finish(row, state=State.SKIPPED, outcome=outcome, at=at, token=row.token)
            return
        Assignment.objects.filter(pk=row.pk, token=row.token).update(
            expected=lead.owner_id, expected_known=True
        )
        release(row, token=row.token, at=at)


def _put_back(desk: Desk, row: Assignment, wait: timedelta | None = None) -> None:
    """Nothing was written: wait for the next turn, or for this long."""
    with transaction.atomic():
        lock_lead(row.lead_id)
        if _is_mine(row):
            _unstamp(row)
            at = desk.clock()
            later = at + wait if wait else None
            release(row, token=row.token, at=at, not_before=later)


def _unstamp(row: Assignment) -> None:
    """What was surely not applied does not count as sent."""
    stamped = Assignment.objects.filter(
        pk=row.pk, token=row.token, sent_at__isnull=False
    )
    stamped.update(sent_at=None, settle_at=None, sends=F("sends") - 1)


def _not_applied(desk: Desk, row: Assignment, error: ServiceTrouble) -> None:
    at = desk.clock()
    with transaction.atomic():
        lock_lead(row.lead_id)
        if _is_mine(row):
            _unstamp(row)
            if error.kind == "rate_limit":
                release(row, token=row.token, at=at)
            else:
                _count_failure(row, at, str(error))
                _again(row, at)
    tell_trouble(error, at)


def _unsettled(
    desk: Desk,
    row: Assignment,
    error: ServiceTrouble | AmbiguousWrite,
    settle_at: datetime | None = None,
) -> None:
    """It may have been applied: leave it sending, and let a later read tell."""
    at = desk.clock()
    _count_failure(row, at, str(error))
    mine = Assignment.objects.filter(pk=row.pk, token=row.token)
    mine.update(lease_until=at, settle_at=settle_at or F("settle_at"))
    if isinstance(error, ServiceTrouble):
        tell_trouble(error, at)


def _leave_to_next(desk: Desk, row: Assignment) -> None:
    """The read never left this machine: whoever comes next settles the row."""
    mine = Assignment.objects.filter(pk=row.pk, token=row.token)
    mine.update(lease_until=desk.clock())


def _settle_later(desk: Desk, row: Assignment, error: ServiceTrouble | Refused) -> None:
    """A failed read settles nothing."""
    at = desk.clock()
    _count_failure(row, at, str(error))
    later = at + back_off(row.failures)
    mine = Assignment.objects.filter(pk=row.pk, token=row.token)
    mine.update(lease_until=at, settle_at=later)
    if isinstance(error, ServiceTrouble):
        tell_trouble(error, at)


def _count_failure(row: Assignment, at: datetime, why: str) -> None:
    """The row says why it has not gone out yet, as long as it has not."""
    mine = Assignment.objects.filter(pk=row.pk, token=row.token)
    mine.update(
        failures=F("failures") + 1,
        first_failed_at=Coalesce("first_failed_at", at),
        outcome=why[:500],
    )
    row.refresh_from_db(fields=["failures", "first_failed_at", "outcome"])


def _again(row: Assignment, at: datetime) -> None:
    """It was not applied: wait for another try, or give up on it."""
    if is_hopeless(row, at):
        outcome = f"Given up after {row.failures} failed attempts. {row.outcome}"
        finish(row, state=State.REFUSED, outcome=outcome, at=at, token=row.token)
        return
    not_before = at + back_off(row.failures) if row.failures else None
    release(row, token=row.token, at=at, not_before=not_before)
