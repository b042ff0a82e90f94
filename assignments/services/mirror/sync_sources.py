"""State of each stream that the mirror reads: place, last error, unreadable rows."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from assignments.models import SyncSource, UnreadableRow
from assignments.smartlead.list_parsing import SkippedRow

INBOX = "inbox-replies"
ASSIGNED = "assigned-me"
FULL = "full-pass"
MEMBERS = "members"
CATEGORIES = "categories"
CAMPAIGNS = "campaigns"
CAMPAIGN_LEADS = "campaign-leads"
MISSED = "missed-leads"
THREADS = "threads"
NOTES = "notes"
MOST_UNREADABLE = 200


def load_source(name: str) -> SyncSource:
    """Return the row of this source, created if it is not there."""
    return SyncSource.objects.get_or_create(name=name)[0]


def note_error(name: str, sentence: str, *, at: datetime) -> None:
    load_source(name)
    SyncSource.objects.filter(name=name).update(error=sentence[:500], error_at=at)


def clear_error(name: str) -> None:
    SyncSource.objects.filter(name=name).exclude(error="").update(
        error="", error_at=None
    )


def record_unreadable(name: str, rows: Sequence[SkippedRow], *, at: datetime) -> None:
    """Count unreadable rows in UnreadableRow, one entry per source and excerpt; without
    rows do nothing.

    Of all sources together, only the 200 entries seen last are kept.
    """
    if not rows:
        return
    seen = {_digest(row): row for row in rows}
    for digest, times in Counter(map(_digest, rows)).items():
        _count(name, digest, seen[digest], times=times, at=at)
    kept = UnreadableRow.objects.order_by("-last_seen_at", "-pk")[:MOST_UNREADABLE]
    UnreadableRow.objects.exclude(
        pk__in=list(kept.values_list("pk", flat=True))
    ).delete()


def _count(
    name: str, digest: str, row: SkippedRow, *, times: int, at: datetime
) -> None:
    known, is_new = UnreadableRow.objects.get_or_create(
        source=name,
        digest=digest,
        defaults={
            "reason": row.reason[:300],
            "excerpt": row.excerpt,
            "count": times,
            "first_seen_at": at,
            "last_seen_at": at,
        },
    )
    if not is_new:
        UnreadableRow.objects.filter(pk=known.pk).update(
            count=F("count") + times, last_seen_at=at
        )


def _digest(row: SkippedRow) -> str:
    return hashlib.sha256(row.excerpt.encode()).hexdigest()
