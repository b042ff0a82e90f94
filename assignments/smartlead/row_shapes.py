"""Read both forms of an inbox row: flat as sent, nested as documented."""

import re
from typing import Any

from assignments.smartlead.automatic_mails import address_of, kind_of_mail
from assignments.smartlead.payload_values import (
    Payload,
    as_int,
    as_text,
    first_present,
    nested_object,
)

# The path in the nested form of each field of the flat form.
_NESTED = {
    "email_lead_id": ("lead", "id"),
    "lead_email": ("lead", "email"),
    "lead_first_name": ("lead", "first_name"),
    "lead_last_name": ("lead", "last_name"),
    "lead_category_id": ("category", "id"),
    "category_name": ("category", "name"),
    "email_account_id": ("email_account", "id"),
    "email_campaign_id": ("campaign", "id"),
    "email_campaign_name": ("campaign", "name"),
    "last_sent_time": ("last_message", "sent_at"),
}


def flat_fields(raw: Payload) -> dict[str, Any]:
    """Return the fields of _NESTED, the map id, company, phone and the times of last
    reply and next mail, unconverted, by their names in the flat form; None if
    missing. Those of _NESTED are read from the flat form if their field is there,
    even null, else from the nested one; company and phone from the nested `lead`
    only.
    """
    row = {
        name: first_present(raw, name)
        if name in raw
        else nested_object(raw, outer).get(inner)
        for name, (outer, inner) in _NESTED.items()
    }
    lead = nested_object(raw, "lead")
    return row | {
        "email_lead_map_id": first_present(
            raw, "email_lead_map_id", "campaign_lead_map_id"
        ),
        "company": first_present(lead, "company", "company_name"),
        "phone": first_present(lead, "phone", "phone_number"),
        "last_reply_time": _last_reply_time(raw),
        "lead_next_timestamp_to_send": first_present(
            raw, "lead_next_timestamp_to_send", "scheduled_time"
        ),
    }


# States of leads that have not replied.
_UNANSWERED = {
    "not replied", "notreplied", "no reply", "unreplied", "sent", "email sent",
    "delivered", "accepted", "opened", "email opened", "clicked", "link clicked",
    "bounced", "scheduled", "pending", "queued", "not started", "yet to start",
}  # fmt: skip


def _last_reply_time(raw: Payload) -> Any:
    """Return the time of the lead's last reply as sent, or None: `last_reply_time` if
    the row has it, even null, else `replied_at` or `received_at` of `last_message`.

    `received_at` is the time of the last message, whoever wrote it, so it counts only
    if the rest of the row shows a reply.
    """
    if "last_reply_time" in raw:
        return raw["last_reply_time"]
    last = nested_object(raw, "last_message")
    if replied_at := last.get("replied_at"):
        return replied_at
    return last.get("received_at") if _has_replied(raw, last) else None


def _has_replied(raw: Payload, last: Payload) -> bool:
    if as_text(first_present(last, "direction", "type")).lower() in {
        "outbound",
        "sent",
    }:
        return False
    sender = address_of(as_text(first_present(last, "sent_from", "from")))
    mailbox = address_of(as_text(nested_object(raw, "email_account").get("email")))
    kind = kind_of_mail(sender=sender, subject=as_text(last.get("subject")))
    if kind != "person" or (sender and sender == mailbox):
        return False
    replies = as_int(
        first_present(nested_object(raw, "stats"), "total_replied", "replies")
    )
    if replies:
        return True
    statuses = [
        as_text(raw.get(name)) for name in ("email_status", "lead_status", "status")
    ]
    words = [
        " ".join(re.split(r"[\s_-]+", status.lower())) for status in statuses if status
    ]
    if "replied" in words:
        return True
    return replies is None and not _UNANSWERED.intersection(words)
