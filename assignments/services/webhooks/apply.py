"""Applying an event to its lead: as little as the event says for certain.

Events arrive out of order. A reply older than the newest one, or a category older than
the last read of the lead, changes nothing; it only asks for a read.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from assignments.models import Lead, WebhookEvent
from assignments.models.webhook import EventKind
from assignments.services.mirror import conversations
from assignments.services.mirror.import_leads import save_event
from assignments.services.replies import own_mail
from assignments.services.replies.exchanges import Mail
from assignments.services.replies.record import mails_of
from assignments.smartlead.records import HistoryEntry
from assignments.smartlead.webhook_events import EventPayload
from assignments.task_queue import nudge_dispatch, nudge_open_lead, nudge_sync

State = WebhookEvent.State

# Reads of leads that nobody knows: each costs a call, and anybody's number will do.
MOST_UNKNOWN = 20
UNKNOWN_WITHIN = timedelta(minutes=1)
MOST_COUNTED = 20
AMBIGUOUS = (
    "It fits {count} leads and does not say which one it means; nothing was changed."
)


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """The outcome of an event: its state, a sentence for the page, the lead's id if
    known.
    """

    state: State
    sentence: str
    map_id: int | None = None


def apply_event(said: EventPayload, *, at: datetime) -> EventOutcome:
    """Change the lead that the event is about, lock it, and return the outcome.

    Events of kind OTHER and mails sent to unknown leads are IGNORED. An event that fits
    several leads, or none that can be read by id, is UNMATCHED and asks for a sync. All
    others are DONE, and mostly ask for a read of the lead. Called in the transaction
    that settles the event.
    """
    if said.kind == EventKind.OTHER:
        return EventOutcome(State.IGNORED, "Handoff shows nothing of this kind.")
    found = _find(said)
    if len(found) > 1:
        nudge_sync()
        return EventOutcome(State.UNMATCHED, AMBIGUOUS.format(count=len(found)))
    lead = found[0] if found else None
    if lead is None:
        return _unknown(said, at)
    if lead.gone_at:
        nudge_open_lead(lead.pk)
        sentence = "Handoff holds this lead as gone; it is asked for in Smartlead."
        return EventOutcome(State.DONE, sentence, lead.pk)
    if said.mail:
        mails = {lead.pk: (lead.email, [said.mail])}
        [mail] = own_mail.mark_own_mails(mails, mailbox=said.mailbox)[lead.pk]
        said = replace(said, mail=mail)
    sentence = _ACTS[said.kind](lead, said, at)
    return EventOutcome(State.DONE, sentence, lead.pk)


def _find(said: EventPayload) -> list[Lead]:
    """Return the leads that the event may be about, locked, at most 20, gone ones only
    if no other fits.

    A map id decides alone. Else the person's id, and then the address in any case, are
    looked for in the named campaign. Events without a campaign find nothing, except
    those of kind LOOK, which search all campaigns.
    """
    locked = Lead.objects.select_for_update().order_by("map_id")
    if said.map_id:
        return list(locked.filter(pk=said.map_id))
    if said.campaign_id:
        locked = locked.filter(campaign=said.campaign_id)
    elif said.campaign_name:
        locked = locked.filter(campaign__name=said.campaign_name)
    elif said.kind != EventKind.LOOK:
        return []
    found: list[Lead] = []
    if said.person_id:
        found = list(locked.filter(person_id=said.person_id)[:MOST_COUNTED])
    if said.email and not found:
        found = list(locked.filter(email__iexact=said.email)[:MOST_COUNTED])
    return [lead for lead in found if not lead.gone_at] or found


def _unknown(said: EventPayload, at: datetime) -> EventOutcome:
    if said.kind == EventKind.SENT:
        # Campaigns write to thousands who have never answered.
        return EventOutcome(State.IGNORED, "The lead is not in the inbox.", said.map_id)
    if said.map_id and not _too_many_unknown(at):
        nudge_open_lead(said.map_id)
        sentence = "Handoff did not know this lead; it is fetched from Smartlead."
        return EventOutcome(State.DONE, sentence, said.map_id)
    nudge_sync()
    sentence = (
        "It names no lead that Handoff knows; the inbox is looked through instead."
    )
    return EventOutcome(State.UNMATCHED, sentence, said.map_id)


def _too_many_unknown(at: datetime) -> bool:
    recent = WebhookEvent.objects.filter(
        received_at__gt=at - UNKNOWN_WITHIN, state=State.DONE, map_id__isnull=False
    )
    unknown = recent.exclude(Exists(Lead.objects.filter(pk=OuterRef("map_id"))))
    return unknown[:MOST_UNKNOWN].count() == MOST_UNKNOWN


def _reply(lead: Lead, said: EventPayload, at: datetime) -> str:
    moment = min(said.at or at, at)  # a mail from the future would stay on top
    if said.mail and not said.mail.is_from_person:
        return _no_reply(lead, said, said.mail, moment, at)
    is_news = lead.listed_reply_at is None or moment > lead.listed_reply_at
    if is_news and moment < lead.seen_at - conversations.EVENTS_LEAD_BY:
        # Believed, it would be overdue at once, and the clock would act on that.
        _ask_for(lead, at)
        return "The lead was read later than that; it is read again."
    if is_news:
        news: dict[str, Any] = {"last_reply_at": moment, "unread": True}
        _take(lead, said, moment, **news)
        _ask_for(lead, at)
    _keep_mail(lead, said, at)
    return "The reply is shown." if is_news else "A newer reply was known already."


def _no_reply(
    lead: Lead, said: EventPayload, mail: HistoryEntry, moment: datetime, at: datetime
) -> str:
    """Store a bounce, an automatic answer or a mail of ours, to none of which an answer
    is owed; ask for a read of the lead; return the sentence for the page.
    """
    _take(lead, said, moment, mails=mails_of([replace(mail, at=moment)]))
    _keep_mail(lead, said, at)
    _ask_for(lead, at)
    if mail.is_own:
        return "A mail of ours, though it came as a reply; it is shown as ours."
    what = "A mail that came back" if mail.is_bounce else "An automatic answer"
    return f"{what}; no answer is owed to it."


def _sent(lead: Lead, said: EventPayload, at: datetime) -> str:
    moment = min(said.at or at, at)
    if lead.last_sent_at is not None and moment <= lead.last_sent_at:
        _keep_mail(lead, said, at)
        return "A newer mail of ours was known already."
    _take(lead, said, moment, last_sent_at=moment)
    _keep_mail(lead, said, at)
    _ask_for(lead, at)
    return "The mail of ours is shown."


def _category(lead: Lead, said: EventPayload, at: datetime) -> str:
    moment = min(said.at or at, at)
    _ask_for(lead, at)
    if said.category_id is None:
        return "It names no category; the lead is read."
    if said.at is None or moment < lead.seen_at:
        return "The lead was read later than that; it is read again."
    row = said.lead_row(
        lead.pk, category_id=said.category_id, category_name=said.category_name or None
    )
    save_event(row, happened_at=moment)
    return "The category is shown."


def _look(lead: Lead, _: EventPayload, at: datetime) -> str:
    _ask_for(lead, at)
    return "The lead is read."


_ACTS: dict[str, Callable[[Lead, EventPayload, datetime], str]] = {
    EventKind.REPLY: _reply,
    EventKind.SENT: _sent,
    EventKind.CATEGORY: _category,
    EventKind.LOOK: _look,
}


def _take(
    lead: Lead,
    said: EventPayload,
    moment: datetime,
    *,
    mails: Collection[Mail] = (),
    **news: Any,
) -> None:
    """Save `news` and `mails` on the lead; the event's mail becomes its newest mail if
    it has a body and none of ours or theirs is newer.
    """
    before = [each for each in (lead.last_reply_at, lead.last_sent_at) if each]
    if said.mail and said.has_body and all(moment >= each for each in before):
        news["history"] = (said.mail,)
    save_event(said.lead_row(lead.pk, **news), happened_at=moment, mails=mails)


def _keep_mail(lead: Lead, said: EventPayload, at: datetime) -> None:
    if said.mail and said.mail.message_id:
        conversations.save_told_mail(lead=lead, mail=said.mail, at=at)


def _ask_for(lead: Lead, at: datetime) -> None:
    """Set the lead's `recheck_at` to `at`, unless it is set already, and nudge the
    dispatcher.
    """
    Lead.objects.filter(pk=lead.pk, recheck_at=None).update(recheck_at=at)
    nudge_dispatch()
