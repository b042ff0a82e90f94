"""The two shapes of an inbox row: the server's flat one, its documentation's nested one."""

import re
from typing import Any

from assignments.smartlead.automatic_mails import address_of, kind_of_mail
from assignments.smartlead.parsing import (
    Payload,
    as_int,
    as_text,
    first_present,
    nested_object,
)

# Where the documented, nested shape keeps what the live shape says flatly.
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
    """The fields of either shape under their live names."""
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


# What a lead's mails have come to, as far as nobody has answered them.
_UNANSWERED = {
    "not replied", "notreplied", "no reply", "unreplied", "sent", "email sent",
    "delivered", "accepted", "opened", "email opened", "clicked", "link clicked",
    "bounced", "scheduled", "pending", "queued", "not started", "yet to start",
}  # fmt: skip


def _last_reply_time(raw: Payload) -> Any:
    """When the lead replied last: of the nested shape only if it says that it did.

    Its `received_at` is the time of the last message, whoever wrote that.
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
    said = [
        as_text(raw.get(name)) for name in ("email_status", "lead_status", "status")
    ]
    words = [" ".join(re.split(r"[\s_-]+", each.lower())) for each in said if each]
    if "replied" in words:
        return True
    return replies is None and not _UNANSWERED.intersection(words)
