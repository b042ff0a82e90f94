"""Telling stored mails apart anew, after an update that knows more kinds of them or a
colleague's address.

What lists and figures say follows. A mail that was once told to be no reply stays so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from assignments.models import Lead, MailEvent, Message
from assignments.services.mirror.import_leads import refresh_reply_times
from assignments.services.replies import own_mail, record
from assignments.services.replies.exchanges import NO_REPLIES
from assignments.smartlead.records import HistoryEntry

LEADS_AT_ONCE = 200
MAILS_AT_ONCE = 1_000


@dataclass(slots=True)
class ReclassifiedCounts:
    """Numbers of leads looked at, and of their mails that are no replies now."""

    leads: int = 0
    mails: int = 0


def reclassify_mails() -> ReclassifiedCounts:
    """Classify received mails anew; return how many leads were looked at and how many
    mails changed.

    These are the leads with a received mail, or a known one that is no reply. Own
    addresses are learnt from our sent mails first. Message and Reply rows and the
    leads' reply times are updated, 200 leads at a time, each time in a transaction, so
    that an interruption loses only the current one.
    """
    _remember_senders()
    received = Message.objects.filter(lead=OuterRef("pk"), direction="reply")
    others = MailEvent.objects.filter(lead=OuterRef("pk"), kind__in=NO_REPLIES)
    leads = Lead.objects.filter(Exists(received) | Exists(others)).order_by("map_id")
    done = ReclassifiedCounts()
    for ids in batched(list(leads.values_list("pk", flat=True)), LEADS_AT_ONCE):
        done.mails += _reclassify(ids)
        done.leads += len(ids)
    return done


def _remember_senders() -> None:
    sent = Message.objects.confirmed().filter(direction="sent").order_by()
    rows = sent.values_list("lead__email", "sender", "recipient").distinct()
    for some in batched(list(rows), MAILS_AT_ONCE):
        own_mail.remember_senders(
            (email, [HistoryEntry.from_payload({"type": "SENT", "from": us, "to": to})])
            for email, us, to in some
        )


@transaction.atomic
def _reclassify(lead_ids: Sequence[int]) -> int:
    """Classify the received mails of these leads anew, update messages, replies and
    reply times in one transaction, and return how many messages changed.
    """
    locked = Lead.objects.select_for_update().order_by("map_id")
    leads = list(locked.filter(pk__in=lead_ids))
    promised = record.due_promises(leads)
    mails = _received(lead_ids)
    told = own_mail.mark_own_mails(
        {lead.pk: (lead.email, [*mails[lead.pk].values()]) for lead in leads}
    )
    count = sum(_mark(mails[pk], entries) for pk, entries in told.items())
    record.record_mails(
        {pk: record.mails_of(entries) for pk, entries in told.items()},
        promised=promised,
    )
    refresh_reply_times(leads)
    return count


def _received(lead_ids: Sequence[int]) -> dict[int, dict[int, HistoryEntry]]:
    """Return the confirmed received mails by lead id and message id, classified by
    sender and subject. Stored marks for bounces and automatic mails stay.
    """
    found: dict[int, dict[int, HistoryEntry]] = defaultdict(dict)
    kept = Message.objects.confirmed().filter(lead__in=lead_ids, direction="reply")
    columns = ("pk", "lead_id", "sender", "subject", "at", "is_bounce", "is_automatic")
    for mail in kept.order_by("pk").values(*columns):
        entry = HistoryEntry.from_payload(
            {"type": "REPLY", "from": mail["sender"], "subject": mail["subject"]}
        )
        found[mail["lead_id"]][mail["pk"]] = replace(
            entry,
            at=mail["at"],
            is_bounce=entry.is_bounce or mail["is_bounce"],
            is_automatic=entry.is_automatic or mail["is_automatic"],
        )
    return found


def _mark(mails: Mapping[int, HistoryEntry], told: Sequence[HistoryEntry]) -> int:
    """Store direction and marks of `told`, which are in the order of `mails`, in the
    Message rows; return how many rows changed.
    """
    kinds: dict[tuple[str, bool, bool], list[int]] = defaultdict(list)
    for pk, entry in zip(mails, told, strict=True):
        kinds[entry.direction, entry.is_bounce, entry.is_automatic].append(pk)
    count = 0
    for (direction, is_bounce, is_automatic), ids in kinds.items():
        now = {
            "direction": direction,
            "is_bounce": is_bounce,
            "is_automatic": is_automatic,
        }
        count += Message.objects.filter(~Q(**now), pk__in=ids).update(**now)
    return count
