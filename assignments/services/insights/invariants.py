"""Invariants of recorded replies, for the audit: they agree with mails and ledger."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import batched

from assignments.models import Lead, MailEvent, Message, Reply
from assignments.services.replies.exchanges import (
    AUTOMATIC,
    BOUNCE,
    Mail,
    exchanges_of,
    without_false_replies,
)
from assignments.services.replies.record import replies_of

LEADS_AT_ONCE = 500
# Columns that follow from mails, ledger and holds; the promised deadline does not.
DERIVED = ("lead_id", "replied_at", "answered_at", "owner_id", "covering_for_id",
    "minutes")  # fmt: skip


def _misrecorded(at: datetime) -> Iterator[str]:
    """Yield "lead <id>", by id, for each lead whose stored replies differ from those
    that its mails, ledger and holds give now. `at` is not used.
    """
    ids = Lead.objects.order_by("pk").values_list("pk", flat=True)
    for lead_ids in batched(ids.iterator(), LEADS_AT_ONCE):
        yield from (f"lead {pk}" for pk in _differing(lead_ids))


def _differing(lead_ids: Sequence[int]) -> list[int]:
    mails = _mails(lead_ids)
    turns = {pk: exchanges_of(lead_mails) for pk, lead_mails in mails.items()}
    wanted = {_derived(row) for row in replies_of(turns, before={}, promised={})}
    recorded = {_derived(row) for row in Reply.objects.filter(lead__in=lead_ids)}
    return sorted({pk for pk, *_ in wanted ^ recorded})


def _derived(row: Reply) -> tuple[int, *tuple[object, ...]]:
    return (row.lead_id, *(getattr(row, name) for name in DERIVED[1:]))


def _mails(lead_ids: Sequence[int]) -> dict[int, set[Mail]]:
    """Return (moment, kind) of all mails by lead id, from mail events and from stored
    messages with a time that a conversation confirmed. Entries as a reply that are
    known to be a bounce, automatic or ours are left out.
    """
    mails: dict[int, set[Mail]] = defaultdict(set)
    rows = MailEvent.objects.filter(lead__in=lead_ids)
    for pk, at, kind in rows.values_list("lead_id", "at", "kind"):
        mails[pk].add((at, kind))
    kept = Message.objects.confirmed().filter(lead__in=lead_ids, at__isnull=False)
    for pk, sent_at, direction, is_bounce, is_automatic in kept.values_list(
        "lead_id", "at", "direction", "is_bounce", "is_automatic"
    ):
        if sent_at is not None:
            kind = BOUNCE if is_bounce else AUTOMATIC if is_automatic else direction
            mails[pk].add((sent_at, kind))
    return {pk: without_false_replies(lead_mails) for pk, lead_mails in mails.items()}


INVARIANTS = {"Every answer is as mails and ledger tell it.": _misrecorded}
