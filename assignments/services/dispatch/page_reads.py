"""Read twenty leads for the price of one (docs/design/design.md, rule 3).

Where the list of one member's leads has proven itself, a row that is no click is
compared with its page of that list. A list may lag, so it counts as asked LIST_MAY_LAG
seconds earlier; where it lags longer than that, it is not read any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from assignments.models import Assignment, Lead
from assignments.models.assignment import Urgency
from assignments.models.lead import NEVER
from assignments.services.dispatch.context import DispatchContext
from assignments.services.mirror import list_verification
from assignments.services.mirror.cursor import PAGE
from assignments.services.mirror.import_leads import save_rows
from assignments.services.mirror.sync_sources import ASSIGNED
from assignments.smartlead.budget import Slot
from assignments.smartlead.errors import Refused
from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.records import LeadRow

PAGE_RECHECK_DELAY = timedelta(seconds=1) * settings.TIME_SCALE
PAGE_AWAITED_FOR = timedelta(seconds=5) * settings.TIME_SCALE  # with a page on its way


class ReadPlan(Enum):
    """The way to read the owner of a row's lead now."""

    LEAD = "the lead by itself"
    PAGE = "its page of the owner's list"
    WAIT = "another worker reads that page just now"


def plan_read(row: Assignment, at: datetime) -> ReadPlan:
    """Return how to read the owner for a row.

    LEAD for a click, a row that expects nobody, and a lead without a listed reply. WAIT
    while its page is awaited. LEAD if that ended less than FRESH seconds ago, or lists
    are not proven. PAGE if a row of another lead on the page waits that is no click;
    else LEAD.
    """
    awaited_until, is_click = row.lead.page_awaited_until, row.urgency == Urgency.CLICK
    if is_click or row.expected_id is None or row.lead.listed_reply_at is None:
        return ReadPlan.LEAD
    if awaited_until and awaited_until > at:
        return ReadPlan.WAIT
    if awaited_until and awaited_until > at - timedelta(seconds=settings.FRESH):
        return ReadPlan.LEAD
    if not list_verification.are_lists_proven():
        return ReadPlan.LEAD
    return ReadPlan.PAGE if _others_wait(row) else ReadPlan.LEAD


@dataclass(frozen=True, slots=True)
class AwaitedPage:
    """A page about to be asked for: the leads of one member up to a last reply.

    `map_ids` are the leads that it should have.
    """

    owner_id: int
    until: datetime
    map_ids: tuple[int, ...]


def mark_awaited(row: Assignment, at: datetime) -> AwaitedPage:
    """Return the page of this row, and mark its leads as awaited for PAGE_AWAITED_FOR.

    Its leads are the row's own first, then those after it in the list of the expected
    owner, PAGE at most.
    """
    assert row.expected_id is not None  # noqa: S101  `plan_read` has seen to it
    assert row.lead.listed_reply_at is not None  # noqa: S101
    page = AwaitedPage(
        owner_id=row.expected_id,
        until=row.lead.listed_reply_at,
        map_ids=(row.lead_id, *_following(row)),
    )
    _mark(page.map_ids, at + PAGE_AWAITED_FOR)
    return page


def unmark_awaited(page: AwaitedPage) -> None:
    """Clear `page_awaited_until` of the page's leads: it may be asked for again."""
    _mark(page.map_ids, None)


def read_page(context: DispatchContext, page: AwaitedPage, slot: Slot) -> None:
    """Ask for a page and store its rows. Raises NotSent or ServiceTrouble.

    Leads that it confirms are unmarked. The others are marked as awaited until now, so
    that each is read by itself; these are all, if Smartlead refuses the list or it
    holds another member's leads.
    """
    asked_at = context.clock()
    answer = _request(context, page, slot)
    if answer and list_verification.page_matches(
        answer, page.owner_id, at=context.clock()
    ):
        save_rows(answer.rows, asked_at=asked_at, at=context.clock(), by="list")
        named = {row.map_id for row in answer.rows if row.owner_id == page.owner_id}
        sure = _record_sure(named, owner_id=page.owner_id, asked_at=asked_at)
    else:
        sure = set()
    _mark(sure, None)
    _mark(set(page.map_ids) - sure, context.clock())


def distrust_list(lead: Lead, asked_at: datetime, at: datetime) -> None:
    """Mark member lists as failed if a list was behind our write for too long.

    That is if we wrote the owner more than LIST_MAY_LAG seconds before `asked_at`, when
    a read of the lead, unlike a list, confirmed it. Else nothing happens.
    """
    written_at = lead.owner_written_at
    lag = timedelta(seconds=settings.LIST_MAY_LAG)
    if written_at and asked_at - written_at > lag:
        list_verification.distrust_lists(
            "A list was behind our own change by more than "
            f"{settings.LIST_MAY_LAG:g} seconds.",
            at=at,
        )


def _request(
    context: DispatchContext, page: AwaitedPage, slot: Slot
) -> ListPage[LeadRow] | None:
    """Return the newest PAGE leads of that member up to the page's last reply.

    None if Smartlead refuses, which is recorded nowhere; raises NotSent or
    ServiceTrouble.
    """
    try:
        with context.client.use_slot(slot):
            return context.client.inbox(
                ASSIGNED,
                limit=PAGE,
                member_id=page.owner_id,
                reply_between=(NEVER, page.until),
            )
    except Refused:
        return None


@transaction.atomic
def _record_sure(map_ids: set[int], *, owner_id: int, asked_at: datetime) -> set[int]:
    """Set `owner_sure_at` of leads to LIST_MAY_LAG seconds before the question.

    Done for those of the leads whose known owner is that member, not known later than
    asked, and of which no row is sending; a later `owner_sure_at` stays. Returns the
    ids of these leads.
    """
    sure_at = asked_at - timedelta(seconds=settings.LIST_MAY_LAG)
    locked = Lead.objects.select_for_update(of=("self",)).order_by("map_id")
    leads = locked.filter(pk__in=map_ids, owner=owner_id, owner_known_at__lte=asked_at)
    agreed = {lead.pk: lead.owner_sure_at or NEVER for lead in leads}
    sending = Assignment.objects.sending().filter(lead__in=agreed)
    sure = agreed.keys() - set(sending.values_list("lead", flat=True))
    older = [pk for pk in sure if agreed[pk] < sure_at]
    Lead.objects.filter(pk__in=older).update(owner_sure_at=sure_at)
    return set(sure)


@transaction.atomic
def _mark(map_ids: Iterable[int], awaited_until: datetime | None) -> None:
    leads = Lead.objects.filter(pk__in=list(map_ids))
    locked = leads.order_by("map_id").select_for_update().values_list("pk", flat=True)
    Lead.objects.filter(pk__in=list(locked)).update(page_awaited_until=awaited_until)


def _others_wait(row: Assignment) -> bool:
    """Return whether a row waits, and is no click, for another lead of the page."""
    waiting = Assignment.objects.waiting().filter(lead__in=list(_following(row)))
    return waiting.filter(urgency__gt=Urgency.CLICK).exists()


def _following(row: Assignment) -> QuerySet[Lead, int]:
    """Return the ids of the leads after this one in its expected owner's list.

    Newest reply first, PAGE - 1 at most.
    """
    replied_at = row.lead.listed_reply_at or NEVER
    theirs = Lead.objects.present().filter(owner=row.expected_id)
    older = theirs.filter(reply_order__lte=replied_at).exclude(pk=row.lead_id)
    ordered = older.order_by("-reply_order", "-map_id")
    return ordered.values_list("pk", flat=True)[: PAGE - 1]
