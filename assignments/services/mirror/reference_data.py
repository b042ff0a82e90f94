"""Members, categories and campaigns, and attributes of leads that only a campaign
knows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from assignments.models import Campaign, Category, Lead, Member
from assignments.services import plain_text
from assignments.services.mirror import sync_sources
from assignments.services.mirror.import_leads import search_text_of
from assignments.services.mirror.session import SyncSession
from assignments.services.mirror.sync_sources import (
    CAMPAIGN_LEADS,
    CAMPAIGNS,
    CATEGORIES,
    MEMBERS,
)
from assignments.services.sla.answers_owed import refresh_answers_owed
from assignments.smartlead.budget import CallKind
from assignments.smartlead.errors import Refused
from assignments.smartlead.records import (
    CampaignLeadRow,
    CampaignRow,
    CategoryRow,
    MemberRow,
)

ATTRIBUTES_EVERY = timedelta(days=1)
CAMPAIGN_PAGE = 100

_CLOSING = re.compile(
    r"not interested|do not contact|dnc|wrong person|unsubscribe|bounce", re.I
)
# Answers of machines, and mails that reached nobody: there is nobody to answer.
_NOBODY_WAITS = re.compile(
    r"out.?of.?office|\booo\b|auto(mat\w*)?[ -]?(reply|response|answer)|bounce|"
    r"delivery fail|undeliver",
    re.I,
)
_INTERESTED = re.compile(
    r"^interested|meeting|demo|booked|information request|positive", re.I
)


# ── Members ─────────────────────────────────────────────────────────────────────
def read_members(reading: SyncSession) -> bool:
    page, _ = reading.ask(CallKind.NORMAL, lambda client: client.members())
    reading.count_rows(MEMBERS, page)
    save_members(page.rows)
    return _complete(MEMBERS, len(page.rows), reading.clock())


@transaction.atomic
def save_members(rows: Iterable[MemberRow]) -> None:
    """Store the members of the board: create missing ones, update name and source of
    others.

    A member made by hand keeps source and name, unless the name is empty; an empty name
    replaces none. Members not in `rows` stay as they are.
    """
    names = {
        row.id: plain_text.fit_to_column(row.name, model=Member, field="name")
        for row in rows
    }
    known = Member.objects.in_bulk(list(names))
    Member.objects.bulk_create(
        [
            Member(id=key, name=name, source=Member.Source.BOARD)
            for key, name in names.items()
            if key not in known
        ],
        ignore_conflicts=True,
    )
    for member in known.values():
        _meet(member, names[member.pk])


def _meet(member: Member, name: str) -> None:
    is_by_hand = member.source == Member.Source.HAND
    keeps_name = not name or (is_by_hand and bool(member.name))
    news = {"name": member.name if keeps_name else name}
    if not is_by_hand:
        news["source"] = Member.Source.BOARD
    _save_changed(member, news)


# ── Categories ──────────────────────────────────────────────────────────────────
def read_categories(reading: SyncSession) -> bool:
    page, _ = reading.ask(CallKind.NORMAL, lambda client: client.categories())
    reading.count_rows(CATEGORIES, page)
    save_categories(page.rows)
    return _complete(CATEGORIES, len(page.rows), reading.clock())


@transaction.atomic
def save_categories(rows: Iterable[CategoryRow]) -> None:
    """Create or update the categories; those not in `rows` stay as they are.

    What they mean follows from sentiment and name unless set by hand. If that changes
    whether an answer is owed, `answer_owed` of the category's leads is recomputed.
    """
    by_id = {row.id: row for row in rows}
    known = Category.objects.in_bulk(list(by_id))
    turned: list[int] = []
    for key, row in by_id.items():
        category = known.get(key) or Category(id=key)
        owed_answer = category.owes_answer
        _save_changed(category, _category_news(category, row))
        if category.owes_answer != owed_answer:
            turned.append(key)
    if turned:
        refresh_answers_owed(Lead.objects.filter(category__in=turned))


def is_closing_by_default(row: CategoryRow) -> bool:
    return _sentiment(row) == "negative" or bool(_CLOSING.search(row.name))


def is_interested_by_default(row: CategoryRow) -> bool:
    if is_closing_by_default(row) or owes_no_answer_by_default(row):
        return False
    said = _sentiment(row)
    return said == "positive" or (not said and bool(_INTERESTED.search(row.name)))


def owes_no_answer_by_default(row: CategoryRow) -> bool:
    return bool(_NOBODY_WAITS.search(row.name))


def _sentiment(row: CategoryRow) -> str:
    return (row.sentiment or "").lower()


def _category_news(category: Category, row: CategoryRow) -> dict[str, Any]:
    news: dict[str, Any] = {"sentiment": _sentiment(row)[:20]}
    if row.name or not category.name:
        news["name"] = (row.name or f"Category {row.id}")[:200]
    if not category.set_by_hand:
        news["is_closing"] = is_closing_by_default(row)
        news["is_interested"] = is_interested_by_default(row)
        news["owes_no_answer"] = owes_no_answer_by_default(row)
    return news


# ── Campaigns ───────────────────────────────────────────────────────────────────
def read_campaigns(reading: SyncSession) -> bool:
    page, _ = reading.ask(CallKind.NORMAL, lambda client: client.campaigns())
    reading.count_rows(CAMPAIGNS, page)
    save_campaigns(page.rows)
    return _complete(CAMPAIGNS, len(page.rows), reading.clock())


@transaction.atomic
def save_campaigns(rows: Iterable[CampaignRow]) -> None:
    by_id = {row.id: row for row in rows}
    known = Campaign.objects.in_bulk(list(by_id))
    for key, row in by_id.items():
        campaign = known.get(key) or Campaign(id=key)
        old_name = campaign.name
        _save_changed(campaign, _campaign_news(campaign, row))
        if campaign.name != old_name:
            _refresh_search(campaign)


def _campaign_news(campaign: Campaign, row: CampaignRow) -> dict[str, Any]:
    return {
        "name": plain_text.fit_to_column(row.name, model=Campaign, field="name")
        or campaign.name,
        "status": plain_text.fit_to_column(row.status, model=Campaign, field="status"),
        "client_id": row.client_id,
    }


def _refresh_search(campaign: Campaign) -> None:
    leads = Lead.objects.filter(campaign=campaign).order_by("map_id")
    for lead in leads.select_for_update().iterator(chunk_size=500):
        _save_changed(lead, {"search_text": search_text_of(lead, campaign)})


# ── What a campaign knows of its leads ──────────────────────────────────────────
def campaigns_to_read(at: datetime) -> QuerySet[Campaign]:
    """Return campaigns that have present leads and whose attributes were never read or
    last read a day ago or earlier; unread ones first, then the oldest.
    """
    ours = Lead.objects.present().filter(campaign=OuterRef("pk"))
    is_due = Q(attributes_at=None) | Q(attributes_at__lte=at - ATTRIBUTES_EVERY)
    due = Campaign.objects.filter(is_due, Exists(ours))
    return due.order_by(F("attributes_at").asc(nulls_first=True), "id")


def read_campaign_leads(reading: SyncSession) -> bool:
    """Store a page of the campaign begun, else of the one waiting longest; return True
    only if none waits. Raises the call's errors; Refused ends the campaign, too.
    """
    source = sync_sources.load_source(CAMPAIGN_LEADS)
    at = reading.clock()
    campaign = _campaign_at(source.cursor) or campaigns_to_read(at).first()
    if campaign is None:
        return True
    if source.cursor.get("campaign") != campaign.pk:
        source.cursor = {"campaign": campaign.pk, "offset": 0, "found": 0}
    offset = source.cursor["offset"]
    try:
        page, _ = reading.ask(
            # Rules on territory and expertise wait for a campaign's first reading.
            reading.background if campaign.attributes_at else CallKind.NORMAL,
            lambda client: client.campaign_leads(
                campaign.pk, offset=offset, limit=CAMPAIGN_PAGE
            ),
        )
    except Refused:
        _finish_campaign(campaign, at)
        raise
    reading.count_rows(CAMPAIGN_LEADS, page)
    found = source.cursor["found"] + save_attributes(page.rows)
    if (
        page.is_last
        or found >= Lead.objects.present().filter(campaign=campaign).count()
    ):
        _finish_campaign(campaign, at)
        return False
    source.cursor |= {"offset": offset + page.returned, "found": found}
    source.save(update_fields=["cursor"])
    return False


def _campaign_at(cursor: Mapping[str, Any]) -> Campaign | None:
    return Campaign.objects.filter(pk=cursor.get("campaign", 0)).first()


def _finish_campaign(campaign: Campaign, at: datetime) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(attributes_at=at)
    source = sync_sources.load_source(CAMPAIGN_LEADS)
    source.cursor, source.completed_at = {}, at
    source.passes += 1
    source.save(update_fields=["cursor", "completed_at", "passes"])


@transaction.atomic
def save_attributes(rows: Sequence[CampaignLeadRow]) -> int:
    """Store the rows' attributes on our leads, with their search texts; return how many
    rows are of leads known here.

    Empty values are ignored; person id, address and name only fill empty columns.
    """
    by_id = {row.map_id: row for row in rows}
    leads = Lead.objects.filter(pk__in=by_id).order_by("map_id")
    found = list(leads.select_for_update())
    campaigns = Campaign.objects.in_bulk([lead.campaign_id for lead in found])
    changed = [
        lead
        for lead in found
        if _take_attributes(lead, by_id[lead.pk], campaigns.get(lead.campaign_id or 0))
    ]
    if changed:
        Lead.objects.bulk_update(changed, [*_ATTRIBUTES, "search_text"])
    return len(found)


# The inbox rows say these too, or better.
_IDENTITY = ("email", "first_name", "last_name")
_OWN = ("company", "location", "website", "phone", "linkedin", "custom_fields")
_ATTRIBUTES = ("person_id", *_IDENTITY, *_OWN)


def _take_attributes(
    lead: Lead, row: CampaignLeadRow, campaign: Campaign | None
) -> bool:
    said: dict[str, Any] = {"person_id": row.lead_id}
    said |= {name: getattr(row, name) for name in (*_IDENTITY, *_OWN)}
    news = {
        name: plain_text.fit_to_column(value, model=Lead, field=name)
        if isinstance(value, str)
        else value
        for name, value in said.items()
        if value and (name in _OWN or not getattr(lead, name))
    }
    changed = {name for name, value in news.items() if getattr(lead, name) != value}
    for name in changed:
        setattr(lead, name, news[name])
    if changed:
        lead.search_text = search_text_of(lead, campaign)
    return bool(changed)


def _save_changed(row: Any, news: Mapping[str, Any]) -> None:
    """Set `news` on the row and save the columns that differ, if any; insert a new row
    whole.
    """
    changed = [name for name, value in news.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, news[name])
    if row._state.adding:
        row.save(force_insert=True)
    elif changed:
        row.save(update_fields=changed)


def _complete(name: str, rows: int, at: datetime) -> bool:
    source = sync_sources.load_source(name)
    source.rows, source.completed_at = rows, at
    source.passes += 1
    source.save(update_fields=["rows", "completed_at", "passes"])
    return True
