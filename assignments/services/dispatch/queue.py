"""The queue of the dispatcher: the most urgent row there is, claimed for one worker.

A claim is a random token and a lease (docs/design/design.md, rule 5). Rows of all kinds
compete: assignments to send or to settle, notes, and leads to read again.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from assignments.models import Account, Assignment, Lead, Note
from assignments.models.assignment import State, Urgency
from assignments.services.ledger.transitions import requeue


class DispatchJob(Enum):
    """The next step of a claimed row."""

    SEND = "send"
    SETTLE = "settle"
    SEND_NOTE = "send note"
    SETTLE_NOTE = "settle note"
    SEND_READ_MARK = "send read mark"
    RECHECK = "recheck"


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row whose time has come. `since` orders rows of different kinds by age.

    `failures`: how often it has failed before.
    """

    job: DispatchJob
    pk: int
    since: datetime
    failures: int = 0


@dataclass(frozen=True, slots=True)
class DispatchClaim:
    """A row that one worker may act on until `lease_until`."""

    job: DispatchJob
    pk: int
    token: str
    lease_until: datetime
    attempt: int = 1


def are_clicks_due(account: Account, at: datetime) -> bool:
    """Return whether a write waits to be settled, or a click is due.

    Clicks do not count while all writes are paused.
    """
    return next(_settling(at), None) is not None or (
        account.paused_at is None
        and Assignment.objects.due(at).filter(urgency=Urgency.CLICK).exists()
    )


def is_anything_due(account: Account, at: datetime) -> bool:
    """Return whether any row may be claimed now."""
    return next(_by_urgency(account, at), None) is not None


def claim_next(
    account: Account, at: datetime, *, clicks_only: bool = False, oldest: bool = False
) -> DispatchClaim | None:
    """Claim the most urgent due row for LEASE seconds and return the claim.

    `clicks_only`: only writes to settle and clicks. `oldest`: the oldest row of all
    kinds, whatever `clicks_only` says. None if there is none, or other workers were
    faster.
    """
    rows = _clicks(account, at) if clicks_only else _by_urgency(account, at)
    if oldest:
        rows = iter(sorted(_first_of_each(account, at), key=lambda due: due.since))
    for due in rows:
        if claim := _claim(due, at):
            return claim
    return None


def requeue_expired_claims(at: datetime) -> None:
    """Let assignments and notes wait again whose claim ended before they were sent.

    An assignment is cancelled instead where `requeue` does that.
    """
    for pk in (
        Assignment.objects.sending()
        .filter(sent_at=None, lease_until__lte=at)
        .values_list("pk", flat=True)
    ):
        with transaction.atomic():
            row = Assignment.objects.select_related("to").get(pk=pk)
            Lead.objects.select_for_update().get(pk=row.lead_id)
            row.refresh_from_db()
            if row.state == State.SENDING and _is_expired(row, at):
                requeue(row, token=row.token, at=at)
    Note.objects.pending().filter(
        state=Note.State.SENDING, sent_at=None, lease_until__lte=at
    ).update(state=Note.State.WAITING, token="", lease_until=None)


def next_due_at(at: datetime) -> datetime | None:
    """Return the first moment after `at` when a row falls due; None if there is none.

    Looked at are `not_before` of waiting assignments and notes, when sending ones may
    be taken over (lease over and `settle_at` reached), and read marks. Rechecks are
    left out.
    """
    waiting = Assignment.objects.waiting().filter(not_before__gt=at)
    notes = Note.objects.pending()
    held_back = notes.filter(state=Note.State.WAITING, not_before__gt=at)
    marked = Lead.objects.filter(read_due_at__gt=at).order_by("read_due_at")
    moments = [
        marked.values_list("read_due_at", flat=True).first(),
        waiting.order_by("not_before").values_list("not_before", flat=True).first(),
        held_back.order_by("not_before").values_list("not_before", flat=True).first(),
        *_lease_ends(Assignment.objects.sending(), at),
        *_lease_ends(notes.filter(state=Note.State.SENDING), at),
    ]
    return min((moment for moment in moments if moment), default=None)


def _lease_ends(
    rows: "QuerySet[Assignment] | QuerySet[Note]", at: datetime
) -> list[datetime]:
    """Return the later of `lease_until` and `settle_at` of each row, if after `at`."""
    pairs = rows.values_list("lease_until", "settle_at")
    ends = [max(filter(None, pair), default=at) for pair in pairs]
    return [end for end in ends if end > at]


def _is_expired(row: Assignment, at: datetime) -> bool:
    return (
        row.sent_at is None and row.lease_until is not None and (row.lease_until <= at)
    )


def _by_urgency(account: Account, at: datetime) -> Iterator[DueRow]:
    """Yield due rows, most urgent first.

    Writes to settle, clicks, coverage returns, coverage starts, notes, read marks,
    rechecks, bulk, rules.
    """
    yield from _clicks(account, at)
    yield from _sends(account, at, Urgency.COVERAGE_RETURN, Urgency.COVERAGE_START)
    yield from _notes(account, at)
    yield from _read_marks(account, at)
    yield from _rechecks(at)
    yield from _sends(account, at, Urgency.BULK, Urgency.RULE)


def _clicks(account: Account, at: datetime) -> Iterator[DueRow]:
    yield from _settling(at)
    yield from _sends(account, at, Urgency.CLICK, Urgency.CLICK)


def _first_of_each(account: Account, at: datetime) -> Iterator[DueRow]:
    """Yield the first due row each of: writes to settle, assignments, notes, read marks,
    rechecks.
    """
    queues = (
        _settling(at),
        _sends(account, at, Urgency.CLICK, Urgency.RULE, by_age=True),
        _notes(account, at),
        _read_marks(account, at),
        _rechecks(at),
    )
    for queue in queues:
        if (first := next(queue, None)) is not None:
            yield first


CANDIDATES = 8  # more than there are workers that could claim them first


def _settling(at: datetime) -> Iterator[DueRow]:
    """Yield sent rows that may be settled by now, earliest `settle_at` first.

    CANDIDATES at most.
    """
    rows = Assignment.objects.abandoned(at).filter(sent_at__isnull=False)
    found = rows.order_by("settle_at").values_list("pk", "created_at", "failures")
    for pk, since, failures in found[:CANDIDATES]:
        yield DueRow(DispatchJob.SETTLE, pk, since, failures)


def _sends(
    account: Account,
    at: datetime,
    first: Urgency,
    last: Urgency,
    *,
    by_age: bool = False,
) -> Iterator[DueRow]:
    """Yield due assignments from urgency `first` to `last`, by urgency, then id.

    `by_age`: by id alone. CANDIDATES at most; none while all writes are paused; none
    beyond COVERAGE_START while bulk is.
    """
    if account.paused_at:
        return
    if account.bulk_paused_at:
        last = min(last, Urgency.COVERAGE_START, key=int)
    rows = Assignment.objects.due(at).filter(urgency__range=(first, last))
    order = ("pk",) if by_age else ("urgency", "pk")
    found = rows.order_by(*order).values_list("pk", "created_at", "failures")
    for pk, since, failures in found[:CANDIDATES]:
        yield DueRow(DispatchJob.SEND, pk, since, failures)


def _notes(account: Account, at: datetime) -> Iterator[DueRow]:
    """Yield the first pending note of each lead, by id, if it is due to send or settle.

    CANDIDATES at most. A note whose assignment is not done is left out and keeps none
    back. While all writes are paused, only notes to settle.
    """
    open_notes = Note.objects.pending().rooted()
    earlier = open_notes.filter(lead=OuterRef("lead"), pk__lt=OuterRef("pk"))
    lost = Q(state=Note.State.SENDING, lease_until__lte=at, settle_at__lte=at)
    ready = Q(state=Note.State.WAITING) & (Q(not_before=None) | Q(not_before__lte=at))
    wanted = lost if account.paused_at else lost | ready
    rows = open_notes.filter(wanted).filter(~Exists(earlier)).order_by("pk")
    found = rows.values_list("pk", "state", "created_at", "failures")
    for pk, state, since, failures in found[:CANDIDATES]:
        is_lost = state == Note.State.SENDING
        job = DispatchJob.SETTLE_NOTE if is_lost else DispatchJob.SEND_NOTE
        yield DueRow(job, pk, since, failures)


def _read_marks(account: Account, at: datetime) -> Iterator[DueRow]:
    """Yield leads whose `read_due_at` has come, earliest first, CANDIDATES at most;
    none while all writes are paused.
    """
    if account.paused_at:
        return
    rows = Lead.objects.filter(read_due_at__lte=at).order_by("read_due_at")
    for pk, since in rows.values_list("pk", "read_due_at")[:CANDIDATES]:
        yield DueRow(DispatchJob.SEND_READ_MARK, pk, since or at)


def _rechecks(at: datetime) -> Iterator[DueRow]:
    """Yield leads whose `recheck_at` has come, earliest first, CANDIDATES at most."""
    rows = Lead.objects.filter(recheck_at__lte=at).order_by("recheck_at")
    for pk, since in rows.values_list("pk", "recheck_at")[:CANDIDATES]:
        yield DueRow(DispatchJob.RECHECK, pk, since or at)


def _claim(due: DueRow, at: datetime) -> DispatchClaim | None:
    """Claim a row for LEASE seconds; return None if another worker was faster."""
    lease = at + timedelta(seconds=settings.LEASE)
    token, attempt = secrets.token_hex(16), due.failures + 1
    claim = DispatchClaim(due.job, due.pk, token, lease, attempt)
    return claim if _CLAIMS[due.job](claim, at) else None


def _claim_send(claim: DispatchClaim, at: datetime) -> bool:
    with transaction.atomic():
        lead_id = Assignment.objects.values_list("lead", flat=True).get(pk=claim.pk)
        skip = connection.features.has_select_for_update_skip_locked
        leads = Lead.objects.select_for_update(skip_locked=skip).filter(pk=lead_id)
        if leads.first() is None:
            return False
        return bool(
            Assignment.objects.due(at)
            .filter(pk=claim.pk)
            .update(
                state=State.SENDING,
                token=claim.token,
                lease_until=claim.lease_until,
                sent_at=None,
                settle_at=None,
            )
        )


def _claim_settle(claim: DispatchClaim, at: datetime) -> bool:
    rows = Assignment.objects.abandoned(at).filter(pk=claim.pk, sent_at__isnull=False)
    return bool(rows.update(token=claim.token, lease_until=claim.lease_until))


def _claim_note(claim: DispatchClaim, at: datetime) -> bool:
    rows = Note.objects.filter(pk=claim.pk, state=Note.State.WAITING)
    return bool(
        rows.update(
            state=Note.State.SENDING,
            token=claim.token,
            lease_until=claim.lease_until,
            sent_at=None,
            settle_at=None,
        )
    )


def _claim_lost_note(claim: DispatchClaim, at: datetime) -> bool:
    rows = Note.objects.filter(
        pk=claim.pk, state=Note.State.SENDING, lease_until__lte=at, settle_at__lte=at
    )
    return bool(rows.update(token=claim.token, lease_until=claim.lease_until))


def _claim_recheck(claim: DispatchClaim, at: datetime) -> bool:
    """Set `recheck_at` to the end of the lease; return whether it was still due."""
    rows = Lead.objects.filter(pk=claim.pk, recheck_at__lte=at)
    return bool(rows.update(recheck_at=claim.lease_until))


def _claim_read_mark(claim: DispatchClaim, at: datetime) -> bool:
    """Set `read_due_at` to the end of the lease; return whether it was still due."""
    rows = Lead.objects.filter(pk=claim.pk, read_due_at__lte=at)
    return bool(rows.update(read_due_at=claim.lease_until))


_CLAIMS = {
    DispatchJob.SEND: _claim_send,
    DispatchJob.SETTLE: _claim_settle,
    DispatchJob.SEND_NOTE: _claim_note,
    DispatchJob.SETTLE_NOTE: _claim_lost_note,
    DispatchJob.SEND_READ_MARK: _claim_read_mark,
    DispatchJob.RECHECK: _claim_recheck,
}
