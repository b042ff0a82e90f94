"""Turning rows of Smartlead into leads; each row's owner goes to `ledger.ownership`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from assignments.models import Assignment, Campaign, Category, Lead, Member
from assignments.models.assignment import State
from assignments.models.lead import NEVER
from assignments.services import plain_text
from assignments.services.ledger import holds
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.mail_content.mail_line import (
    LastMail,
    last_mail,
    mark_of,
    newest_mail,
)
from assignments.services.replies import own_mail, record
from assignments.services.replies.exchanges import (
    Mail,
    last_own_mail_at,
    last_real_reply,
)
from assignments.services.sla.answers_owed import is_answer_owed
from assignments.services.sla.deadlines import update_deadlines
from assignments.services.sla.policy import SlaPolicy
from assignments.smartlead.records import LeadRow
from assignments.visible_text import folded

type Asker = Literal["list", "get"]

MOST_REVENUE = Decimal(10) ** 12  # what the column holds

# Attribute of the lead ← attribute of the row; what a row leaves out stays as it is.
_ATTRIBUTES = {
    "person_id": "lead_id",
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "company": "company",
    "phone": "phone",
    "campaign_id": "campaign_id",
    "category_id": "category_id",
    "smartlead_status": "status",
    "client_id": "client_id",
    "email_account_id": "email_account_id",
    "revenue": "revenue",
    "is_unread": "unread",
    "is_important": "important",
    "is_archived": "archived",
    "is_snoozed": "snoozed",
    "last_sent_at": "last_sent_at",
    "last_reply_at": "last_reply_at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRows:
    new: int = 0
    changed_owners: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeadContext:
    """Rows that derived attributes of leads depend on, loaded once for a page."""

    campaigns: Mapping[int, Campaign]
    categories: Mapping[int, Category]
    book: SlaPolicy  # read with the leads locked: a change of targets comes after us
    # Those seen before and those told of now, by lead.
    mails: Mapping[int, Collection[Mail]] = field(default_factory=dict)
    # Of rows whose newest mail has no line yet.
    last_mails: Mapping[int, LastMail]


def save_row(row: LeadRow, *, asked_at: datetime, at: datetime, by: Asker) -> None:
    """Store one row as a lead, with its owner and its mails; as `save_rows`."""
    save_rows([row], asked_at=asked_at, at=at, by=by)


def save_rows(
    rows: Sequence[LeadRow], *, asked_at: datetime, at: datetime, by: Asker
) -> SavedRows:
    """Store rows as leads, with owners and mails; return how many leads are new and how
    many changed their owner.

    `asked_at` is when Smartlead was asked: a row older than the last look at a lead
    changes no attribute, but its mails are recorded. A gone lead that a newer row shows
    is present again. `by` is "list", or "get" for a single read.
    """
    by_id = {row.map_id: row for row in rows}
    # Before the transaction: parsing takes long, and nobody else could write meanwhile.
    last_mails = _new_last_mails(rows)
    return _save_rows(by_id, last_mails, asked_at=asked_at, at=at, by=by)


@transaction.atomic
def _save_rows(
    by_id: Mapping[int, LeadRow],
    last_mails: Mapping[int, LastMail],
    *,
    asked_at: datetime,
    at: datetime,
    by: Asker,
) -> SavedRows:
    surroundings = _surroundings(by_id.values(), last_mails)
    leads, new = _locked(by_id, at=at)
    by_id = own_mail.mark_own_mails_in_rows(by_id, leads)
    told = {row.map_id: record.mails_of_row(row) for row in by_id.values()}
    surroundings = replace(surroundings, mails=record.known_mails(told))
    promised = record.due_promises(leads)
    # A read counts from when it was asked: an older one teaches nothing new.
    current = [lead for lead in leads if lead.seen_at <= asked_at]
    _write_attributes(current, by_id, surroundings)
    for lead in current:
        if lead.gone_at:
            holds.revive_holds_of_found_lead(lead)
    seen = Lead.objects.filter(pk__in=[lead.pk for lead in current])
    seen.update(seen_at=asked_at, missed_passes=0, gone_at=None)
    policy = surroundings.book
    changed = _see_owners(leads, by_id, policy, asked_at=asked_at, at=at, by=by)
    # An old read is as good: what mails there were does not change.
    record.record_mails(told, promised=promised)
    refresh_reply_times([lead for lead in leads if lead.seen_at > asked_at])
    _fill_member_names(by_id.values())
    return SavedRows(new=new, changed_owners=changed)


@transaction.atomic
def save_event(
    row: LeadRow, *, happened_at: datetime, mails: Collection[Mail] = ()
) -> None:
    """Store the row's attributes, and `mails` that no list could tell of, on a known
    lead that the caller has locked. Raises Lead.DoesNotExist.

    Sets `seen_at` to `happened_at` if that is later: reads asked before change no
    attribute.
    """
    lead = Lead.objects.get(pk=row.map_id)
    promised = record.due_promises([lead])
    last_mails = _new_last_mails([row])
    _take_news([lead], {lead.pk: row}, told={lead.pk: mails}, last_mails=last_mails)
    if mails:
        record.record_mails({lead.pk: mails}, promised=promised)
    older = Lead.objects.filter(pk=lead.pk, seen_at__lt=happened_at)
    older.update(seen_at=happened_at)


def refresh_reply_times(leads: Sequence[Lead]) -> None:
    """Recompute and save reply times, `answer_owed`, deadlines and search texts of the
    leads from the stored mails. Callers lock the leads.
    """
    rows = {lead.pk: bare_row(lead.pk) for lead in leads}
    _take_news(leads, rows, told={lead.pk: () for lead in leads})


def bare_row(map_id: int) -> LeadRow:
    return LeadRow.from_payload({"email_lead_map_id": map_id})


def _take_news(
    leads: Sequence[Lead],
    rows: Mapping[int, LeadRow],
    *,
    told: Mapping[int, Collection[Mail]],
    last_mails: Mapping[int, LastMail] | None = None,
) -> None:
    if not leads:
        return
    # Both decide what follows from a row, whether it names them or not.
    whole = {
        lead.pk: replace(
            rows[lead.pk],
            category_id=rows[lead.pk].category_id or lead.category_id,
            campaign_id=lead.campaign_id,
        )
        for lead in leads
    }
    around = _surroundings(whole.values(), last_mails or {})
    mails = record.known_mails(told)
    _write_attributes(leads, whole, replace(around, mails=mails))


def search_text_of(lead: Lead, campaign: Campaign | None) -> str:
    """Return the folded name, address, company and campaign name, joined by blanks.

    An address with an encoded (xn--) domain is added in lower case, not folded.
    """
    name = f"{lead.first_name} {lead.last_name}"
    texts = (name, lead.email, lead.company, campaign.name if campaign else "")
    words = " ".join(map(folded, texts))
    sent = lead.email.lower() if "xn--" in lead.email.lower() else ""
    return " ".join(f"{words} {sent}".split())


def _new_last_mails(rows: Iterable[LeadRow]) -> dict[int, LastMail]:
    """Return the parsed newest mail by lead, of rows with a history whose newest mail
    is not the one parsed last for the stored lead.
    """
    newest = {row.map_id: newest_mail(row.history) for row in rows if row.history}
    if not newest:
        return {}
    known = Lead.objects.filter(pk__in=newest)
    marks = dict(known.values_list("pk", "last_message_mark"))
    return {
        map_id: last_mail(mail)
        for map_id, mail in newest.items()
        if mark_of(mail) != marks.get(map_id)
    }


def _surroundings(
    rows: Iterable[LeadRow], last_mails: Mapping[int, LastMail]
) -> _LeadContext:
    campaigns = {row.campaign_id: row.campaign_name for row in rows if row.campaign_id}
    categories = {row.category_id: row.category_name for row in rows if row.category_id}
    return _LeadContext(
        campaigns=_campaigns(campaigns),
        categories=_categories(categories),
        book=SlaPolicy(),
        last_mails=last_mails,
    )


def _campaigns(names: Mapping[int, str]) -> dict[int, Campaign]:
    known = Campaign.objects.in_bulk(list(names))
    if missing := [
        Campaign(
            id=key, name=plain_text.fit_to_column(name, model=Campaign, field="name")
        )
        for key, name in sorted(names.items())
        if key not in known
    ]:
        Campaign.objects.bulk_create(missing, ignore_conflicts=True)
    return known | {campaign.pk: campaign for campaign in missing}


def _categories(names: Mapping[int, str | None]) -> dict[int, Category]:
    known = Category.objects.in_bulk(list(names))
    if missing := [
        Category(id=key, name=(name or f"Category {key}")[:200])
        for key, name in sorted(names.items())
        if key not in known
    ]:
        Category.objects.bulk_create(missing, ignore_conflicts=True)
    return known | {category.pk: category for category in missing}


def _locked(by_id: Mapping[int, LeadRow], *, at: datetime) -> tuple[list[Lead], int]:
    wanted = Lead.objects.filter(pk__in=by_id).order_by("map_id")
    leads = list(wanted.select_for_update())
    missing = by_id.keys() - {lead.pk for lead in leads}
    if not missing:
        return leads, 0
    Lead.objects.bulk_create(
        [Lead(map_id=key, first_seen_at=at, seen_at=NEVER) for key in sorted(missing)],
        ignore_conflicts=True,
    )
    return list(wanted.select_for_update()), len(missing)


def _write_attributes(
    leads: Sequence[Lead], by_id: Mapping[int, LeadRow], around: _LeadContext
) -> None:
    differing = {lead.pk: _apply(lead, by_id[lead.pk], around) for lead in leads}
    for pk in update_deadlines(leads, around.book):
        differing[pk].add("answer_due_at")
    columns = set().union(*differing.values())
    changed = [lead for lead in leads if differing[lead.pk]]
    if changed:
        # They exist and are locked. bulk_update would build a CASE for each of them.
        Lead.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["map_id"],
            update_fields=sorted(columns),
        )


def _apply(lead: Lead, row: LeadRow, around: _LeadContext) -> set[str]:
    """Set attributes and what follows from them on the lead, unsaved; return the names
    of the fields that changed.
    """
    news = _news(row, around.last_mails.get(lead.pk))
    news |= _mail_times(lead, news, around.mails.get(lead.pk, ()))
    after = {name: getattr(lead, name) for name in _ATTRIBUTES} | news
    category = around.categories.get(after["category_id"] or 0)
    news["answer_owed"] = is_answer_owed(
        last_reply_at=after["last_reply_at"],
        last_sent_at=after["last_sent_at"],
        category=category,
    )
    changed = _set(lead, news)
    campaign = around.campaigns.get(lead.campaign_id or 0)
    return changed | _set(lead, {"search_text": search_text_of(lead, campaign)})


def _mail_times(
    lead: Lead, news: Mapping[str, Any], mails: Collection[Mail]
) -> dict[str, datetime | None]:
    listed_at = news.get("last_reply_at") or lead.listed_reply_at
    replied_at = last_real_reply(mails, listed_at=listed_at)
    sent = (news.get("last_sent_at") or lead.last_sent_at, last_own_mail_at(mails))
    return {
        "last_reply_at": replied_at,
        "disregarded_reply_at": listed_at if listed_at != replied_at else None,
        "last_sent_at": max((at for at in sent if at), default=None),
    }


def _news(row: LeadRow, mail: LastMail | None) -> dict[str, Any]:
    said = {name: getattr(row, source) for name, source in _ATTRIBUTES.items()}
    news = {
        name: plain_text.fit_to_column(value, model=Lead, field=name)
        if isinstance(value, str)
        else value
        for name, value in said.items()
        if value is not None and value != ""
    }
    if row.revenue is not None and abs(row.revenue) >= MOST_REVENUE:
        del news["revenue"]
    if mail:
        line = plain_text.fit_to_column(mail.line, model=Lead, field="last_message")
        news["last_message"] = line
        news["last_message_mark"] = mail.mark
    return news


def _set(lead: Lead, values: Mapping[str, Any]) -> set[str]:
    changed = {name for name, value in values.items() if getattr(lead, name) != value}
    for name in changed:
        setattr(lead, name, values[name])
    return {name.removesuffix("_id") if name in _FOREIGN else name for name in changed}


_FOREIGN = {"campaign_id", "category_id"}
_LATER = Assignment.objects.filter(
    lead=OuterRef("lead"), state=State.DONE, finished_at__gt=OuterRef("finished_at")
)
# Waiting for an answer, or done and not yet seen to be so.
_LISTENS = Q(state=State.SENDING) | (
    Q(state=State.DONE, verified_at=None, to=F("lead__owner")) & ~Exists(_LATER)
)


def _see_owners(
    leads: Sequence[Lead],
    by_id: Mapping[int, LeadRow],
    book: SlaPolicy,
    *,
    asked_at: datetime,
    at: datetime,
    by: Asker,
) -> int:
    unchanged = _known_as_they_are(leads, by_id, asked_at) if by == "list" else set()
    # Nothing is learnt of these but that it is still so: one update does for all.
    Lead.objects.filter(pk__in=unchanged).update(owner_known_at=asked_at)
    rest = [lead.pk for lead in leads if lead.pk not in unchanged]
    before = {lead.pk: lead.owner_id for lead in leads if lead.owner_is_known}
    for map_id in rest:
        row = by_id[map_id]
        sighting = OwnerObservation(
            owner_id=row.owner_id, known=row.owner_known, asked_at=asked_at, by=by
        )
        observe_owner(map_id=map_id, sighting=sighting, at=at, book=book)
    now = dict(Lead.objects.filter(pk__in=rest).values_list("pk", "owner_id"))
    return sum(now[map_id] != before.get(map_id, now[map_id]) for map_id in rest)


def _known_as_they_are(
    leads: Sequence[Lead], by_id: Mapping[int, LeadRow], asked_at: datetime
) -> set[int]:
    same = {
        lead.pk
        for lead in leads
        if by_id[lead.pk].owner_known
        and lead.owner_known_at is not None
        and lead.owner_known_at < asked_at
        and lead.owner_id == by_id[lead.pk].owner_id
    }
    listening = Assignment.objects.filter(lead__in=same).filter(_LISTENS)
    return same - set(listening.values_list("lead_id", flat=True))


def _fill_member_names(rows: Iterable[LeadRow]) -> None:
    """Store the rows' owner names for members whose stored name is empty."""
    names = {
        row.owner_id: row.owner_name for row in rows if row.owner_id and row.owner_name
    }
    for member in Member.objects.filter(pk__in=names, name=""):
        member.name = plain_text.fit_to_column(
            names[member.pk], model=Member, field="name"
        )
        member.save(update_fields=["name"])
