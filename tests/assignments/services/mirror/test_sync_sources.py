from datetime import timedelta

import pytest

from assignments.models import SyncSource, UnreadableRow
from assignments.services.mirror import sync_sources
from assignments.smartlead.list_parsing import SkippedRow
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


def bad_row(excerpt: str = "{}") -> SkippedRow:
    return SkippedRow(reason="The row has no usable map id.", excerpt=excerpt)


def test_an_error_stands_with_its_source_until_it_is_cleared():
    sync_sources.note_error("members", "Smartlead is out of order." * 50, at=MONDAY)
    assert SyncSource.objects.get(pk="members").error_at == MONDAY

    sync_sources.clear_error("members")

    assert SyncSource.objects.get(pk="members").error == ""


def test_the_same_unreadable_row_is_listed_once_and_counted():
    later = MONDAY + timedelta(hours=1)

    sync_sources.record_unreadable("inbox-replies", [bad_row(), bad_row()], at=MONDAY)
    sync_sources.record_unreadable("inbox-replies", [bad_row()], at=later)

    row = UnreadableRow.objects.get()
    assert (row.count, row.first_seen_at, row.last_seen_at) == (3, MONDAY, later)


def test_only_the_latest_unreadable_rows_are_kept():
    for number in range(21):
        at = MONDAY + timedelta(minutes=number)
        rows = [bad_row(f"{number}-{n}") for n in range(10)]
        sync_sources.record_unreadable("inbox-replies", rows, at=at)

    assert UnreadableRow.objects.count() == sync_sources.MOST_UNREADABLE
    assert not UnreadableRow.objects.filter(last_seen_at=MONDAY).exists()
