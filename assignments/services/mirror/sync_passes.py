"""The two passes over the inbox, one page a step, so that a killed worker continues.

The head pass brings what is new: newest first, down to the mark. The full pass goes
round beside it on a small part of the budget, and notices what the head pass cannot:
owners changed in Smartlead, and leads that are gone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet

from assignments.models import Assignment, Hold, Lead, SyncSource
from assignments.models.assignment import PENDING
from assignments.models.lead import LISTED_REPLY_AT
from assignments.services.ledger import transitions
from assignments.services.locks import lock_lead
from assignments.services.mirror import list_verification, sync_sources
from assignments.services.mirror.cursor import BY_OFFSET, PAGE, ListPosition
from assignments.services.mirror.import_leads import save_row, save_rows
from assignments.services.mirror.session import SyncSession
from assignments.services.mirror.sync_sources import ASSIGNED, FULL, INBOX
from assignments.smartlead.budget import CallKind
from assignments.smartlead.client import Client
from assignments.smartlead.errors import EmptyAnswer, Refused
from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.records import LeadRow

WARM = timedelta(days=14)
DEEP_EVERY = 3  # rounds
MISSES = 2  # before a lead is looked for by itself


def read_head_page(reading: SyncSession) -> bool:
    """Read and store one page of the head pass, begun if none is under way; return True
    if the pass is complete.

    A complete pass moves the mark to MARK_OVERLAP seconds before the newest reply. If
    the list refuses the time range, the pass goes on by offset. Errors of the call are
    raised.
    """
    source = sync_sources.load_source(INBOX)
    if not source.cursor:
        _begin(
            source, {"place": ListPosition().to_json(), "newest": None}, reading.clock()
        )
    place = ListPosition.from_json(source.cursor["place"])
    found = _read(reading, CallKind.NORMAL, INBOX, place, with_history=True)
    if found is None:
        _go_on(source, BY_OFFSET)
        return False
    page, asked_at = found
    newest = _newest(page.rows, source.cursor["newest"], asked_at)
    source.cursor["newest"] = newest and newest.isoformat()
    following = place.after(page, floor=source.mark_at)
    source.rows += len(page.rows)
    if following:
        _go_on(source, following)
        return False
    if newest:
        source.mark_at = newest - timedelta(seconds=settings.MARK_OVERLAP)
    _complete(source, reading.clock())
    return True


def begin_round(*, at: datetime, is_deep: bool) -> None:
    """Begin a round of the full pass at the top of the inbox.

    If `is_deep`, it reads the whole inbox and then the lists of owners. Else it ends at
    leads that last replied 14 days before `at`, or earlier if a lead that is held or
    has a pending assignment has an older reply.
    """
    source = sync_sources.load_source(FULL)
    floor = None if is_deep else _floor(at)
    cursor = {
        "stage": INBOX,
        "place": ListPosition().to_json(),
        "floor": floor and floor.isoformat(),
        "is_partial": False,
    }
    _begin(source, cursor, at)


def read_full_page(reading: SyncSession) -> bool:
    """Read and store one page of the current round; return True if the round is
    complete.

    If none is under way, one is begun; every third is deep. At the end `missed_passes`
    grows by one for present leads that the round should have shown and did not.
    """
    source = sync_sources.load_source(FULL)
    if not source.cursor:
        begin_round(at=reading.clock(), is_deep=source.passes % DEEP_EVERY == 0)
        source.refresh_from_db()
    if source.cursor["stage"] == INBOX:
        following = _read_inbox_stage(reading, source)
    else:
        following = _read_owner_stage(reading, source)
    if following:
        _go_on(source, following)
        return False
    if stage := _next_stage(source.cursor):
        source.cursor["stage"] = stage
        _go_on(source, BY_OFFSET)
        return False
    _count_missed(source)
    _complete(source, reading.clock())
    return True


def recheck_missing_lead(reading: SyncSession) -> bool:
    """Ask Smartlead for the first of `missing_leads` by itself; return True if there is
    none, else False.

    The lead is stored again; if Smartlead has none or answers empty (EmptyAnswer), it
    is marked as gone and counted in the report. Other errors of the call are raised;
    then the lead is tried again once another round has missed it.
    """
    lead = missing_leads().order_by("map_id").first()
    if lead is None:
        return True
    # A call that fails is made again when the next round has missed the lead as well.
    Lead.objects.filter(pk=lead.pk).update(missed_passes=MISSES - 1)
    row, asked_at = reading.ask(reading.background, lambda client: _find(client, lead))
    if row:
        save_row(row, asked_at=asked_at, at=reading.clock(), by="get")
    elif mark_gone(map_id=lead.pk, asked_at=asked_at, at=reading.clock()):
        reading.report.gone += 1
    return False


def _find(client: Client, lead: Lead) -> LeadRow | None:
    try:
        return client.lead(lead.pk)
    except EmptyAnswer:
        # No proof by itself, but two whole rounds have missed the lead as well.
        return None


def missing_leads() -> QuerySet[Lead]:
    """Return present leads that at least two rounds should have shown and did not."""
    return Lead.objects.present().filter(missed_passes__gte=MISSES)


@transaction.atomic
def mark_gone(*, map_id: int, asked_at: datetime, at: datetime) -> bool:
    """Mark a lead as gone, refuse its waiting assignments and end its holds; return
    True.

    Return False, with nothing changed, if it is gone already or was seen after
    `asked_at`. Raises Lead.DoesNotExist.
    """
    lead = lock_lead(map_id)
    if lead.gone_at or lead.seen_at > asked_at:
        return False
    lead.gone_at = at
    lead.save(update_fields=["gone_at"])
    transitions.end_gone_lead(lead, at)
    return True


def _read_inbox_stage(reading: SyncSession, source: SyncSource) -> ListPosition | None:
    place = ListPosition.from_json(source.cursor["place"])
    found = _read(reading, reading.background, INBOX, place)
    if found is None:
        return BY_OFFSET
    source.rows += len(found[0].rows)
    floor = source.cursor["floor"]
    return place.after(found[0], floor=floor and datetime.fromisoformat(floor))


def _read_owner_stage(reading: SyncSession, source: SyncSource) -> ListPosition | None:
    """Read a page of the key's own list or of one member's; return the next place, None
    at the end.

    If the list fails or holds other members' leads, return None and set `is_partial` in
    the cursor; the error is stored. Raises BudgetExhausted and Unavailable.
    """
    _, _, member = source.cursor["stage"].partition(":")
    place = ListPosition.from_json(source.cursor["place"])
    member_id = int(member) if member else None
    with reading.reporting(ASSIGNED):
        found = _read(reading, reading.background, ASSIGNED, place, member_id=member_id)
        if found and list_verification.page_matches(
            found[0], member_id, at=reading.clock()
        ):
            source.rows += len(found[0].rows)
            return place.after(found[0], floor=None)
    source.cursor["is_partial"] = True
    return None


def _read(
    reading: SyncSession,
    kind: CallKind,
    name: str,
    place: ListPosition,
    *,
    member_id: int | None = None,
    with_history: bool = False,
) -> tuple[ListPage[LeadRow], datetime] | None:
    """Read a page, store and count its rows; return it and the moment it was asked.

    Return None if Smartlead refuses a page with a time range. Other errors are raised.
    """
    try:
        page, asked_at = reading.ask(
            kind,
            lambda client: client.inbox(
                name,
                offset=place.offset,
                limit=PAGE,
                member_id=member_id,
                reply_between=place.window,
                with_history=with_history,
            ),
        )
    except Refused:
        if place.window:
            return None
        raise
    saved = save_rows(page.rows, asked_at=asked_at, at=reading.clock(), by="list")
    reading.count_rows(name, page, saved)
    return page, asked_at


def _next_stage(cursor: dict[str, Any]) -> str | None:
    """Return the list to read after the cursor's, None after the last one and in a
    round with a floor.

    A deep round reads the inbox, the key's own list and the list of each readable
    member.
    """
    if cursor["floor"]:
        return None
    members = list_verification.readable_members()
    stages = [INBOX, ASSIGNED, *(f"{ASSIGNED}:{member}" for member in members)]
    stage = cursor["stage"]
    place = stages.index(stage) + 1 if stage in stages else len(stages)
    return stages[place] if place < len(stages) else None


def _floor(at: datetime) -> datetime:
    pending = Assignment.objects.filter(state__in=PENDING).values("lead")
    held = Hold.objects.standing().values("lead")
    hot = Lead.objects.filter(Q(pk__in=pending) | Q(pk__in=held))
    oldest = hot.aggregate(oldest=Min(LISTED_REPLY_AT))["oldest"]
    return min(at - WARM, oldest or at)


@transaction.atomic
def _count_missed(source: SyncSource) -> None:
    """Add one to `missed_passes` of each present lead that was not seen since the round
    began.

    A round with a floor counts leads with a reply not older than it; a partial one,
    leads with a reply.
    """
    present = Lead.objects.present().alias(listed_at=LISTED_REPLY_AT)
    missed = present.filter(seen_at__lt=source.started_at)
    if floor := source.cursor["floor"]:
        missed = missed.filter(listed_at__gte=datetime.fromisoformat(floor))
    elif source.cursor["is_partial"]:
        # Leads without a reply stand in the lists of owners alone.
        missed = missed.filter(listed_at__isnull=False)
    locked = missed.select_for_update().order_by("map_id").values_list("pk", flat=True)
    Lead.objects.filter(pk__in=list(locked)).update(
        missed_passes=F("missed_passes") + 1
    )


def _newest(
    rows: Sequence[LeadRow], before: str | None, asked_at: datetime
) -> datetime | None:
    """Return the latest of the rows' reply times (none counts as later than `asked_at`)
    and of `before`, an ISO time; None if there is none.
    """
    times = [min(row.last_reply_at, asked_at) for row in rows if row.last_reply_at]
    if before:
        times.append(datetime.fromisoformat(before))
    return max(times, default=None)


def _begin(source: SyncSource, cursor: dict[str, Any], at: datetime) -> None:
    source.cursor, source.started_at, source.rows = cursor, at, 0
    source.save(update_fields=["cursor", "started_at", "rows"])


def _go_on(source: SyncSource, place: ListPosition) -> None:
    source.cursor["place"] = place.to_json()
    source.save(update_fields=["cursor", "rows"])


def _complete(source: SyncSource, at: datetime) -> None:
    source.cursor, source.completed_at = {}, at
    source.passes += 1
    source.save(update_fields=["cursor", "completed_at", "mark_at", "passes", "rows"])
