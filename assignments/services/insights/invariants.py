"""What must hold of replies and answers, for the audit: they say what their sources say."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import batched

from assignments.models import Lead, Message, Reply, SeenMail
from assignments.services.replies.exchanges import (
    AUTOMATIC,
    BOUNCE,
    Mail,
    real_mails,
    turns_of,
)
from assignments.services.replies.record import replies_of

LEADS_AT_ONCE = 500
# All that follows from the mails, the ledger and the holds; what was promised does not.
DERIVED = ("lead_id", "replied_at", "answered_at", "owner_id", "covering_for_id",
    "minutes")  # fmt: skip


def _misrecorded(at: datetime) -> Iterator[str]:
    ids = Lead.objects.order_by("pk").values_list("pk", flat=True)
    for some in batched(ids.iterator(), LEADS_AT_ONCE):
        yield from (f"lead {pk}" for pk in _differing(some))


def _differing(lead_ids: Sequence[int]) -> list[int]:
    mails = _mails(lead_ids)
    turns = {pk: turns_of(told) for pk, told in mails.items()}
    wanted = {_facts(row) for row in replies_of(turns, before={}, promised={})}
    there = {_facts(row) for row in Reply.objects.filter(lead__in=lead_ids)}
    return sorted({pk for pk, *_ in wanted ^ there})


def _facts(row: Reply) -> tuple[int, *tuple[object, ...]]:
    return (row.lead_id, *(getattr(row, name) for name in DERIVED[1:]))


def _mails(lead_ids: Sequence[int]) -> dict[int, set[Mail]]:
    found: dict[int, set[Mail]] = defaultdict(set)
    rows = SeenMail.objects.filter(lead__in=lead_ids)
    for pk, at, kind in rows.values_list("lead_id", "at", "kind"):
        found[pk].add((at, kind))
    kept = Message.objects.confirmed().filter(lead__in=lead_ids, at__isnull=False)
    for pk, sent_at, direction, is_bounce, is_automatic in kept.values_list(
        "lead_id", "at", "direction", "is_bounce", "is_automatic"
    ):
        if sent_at is not None:
            kind = BOUNCE if is_bounce else AUTOMATIC if is_automatic else direction
            found[pk].add((sent_at, kind))
    return {pk: real_mails(told) for pk, told in found.items()}


PROMISES = {"Every answer is as mails and ledger tell it.": _misrecorded}
