"""Build the bodies of webhooks: those seen live and the short one of the docs."""

from datetime import UTC, datetime
from typing import Any

from assignments.sandbox.records import FakeCampaign, FakeLead, FakeMessage
from assignments.sandbox.serializers import history
from assignments.sandbox.store import Store

INBOX_URL = "https://app.smartlead.ai/app/master-inbox?action=INBOX&leadMap="


def offset_timestamp(at: float) -> str:
    """Return the time in UTC as ISO 8601 with the offset `+00:00` and without
    milliseconds, unlike the API's times.
    """
    return datetime.fromtimestamp(int(at), UTC).isoformat()


def email_payload(store: Store, lead: FakeLead, message: FakeMessage) -> dict[str, Any]:
    """Return the body of EMAIL_REPLY or EMAIL_SENT, by the type of the message.

    In both, `from_email` is our mailbox and `to_email` the lead's address. That of a
    reply also has the lead's last sent mail; without one, raise StopIteration.
    """
    is_reply = message.type == "REPLY"
    payload = {
        "event_type": "EMAIL_REPLY" if is_reply else "EMAIL_SENT",
        "event_timestamp": offset_timestamp(message.at),
        "sl_email_lead_id": str(lead.lead_id),
        "sl_email_lead_map_id": lead.map_id,
        "sl_lead_email": lead.email,
        "stats_id": message.stats_id,
        "from_email": lead.mailbox,
        "to_email": lead.email,
        "to_name": f"{lead.first_name} {lead.last_name}".strip(),
        "cc_emails": message.cc,
        "subject": message.subject,
        "sequence_number": lead.sequence_number,
        **_campaign_fields(store.campaigns[lead.campaign_id]),
        "app_url": f"{INBOX_URL}{lead.map_id}",
    }
    return payload | (
        _reply_parts(lead, message)
        if is_reply
        else {"sent_message": _mail_part(message)}
    )


def _reply_parts(lead: FakeLead, message: FakeMessage) -> dict[str, Any]:
    answered = next(
        message for message in reversed(lead.messages) if message.type == "SENT"
    )
    return {
        "sent_message": _mail_part(answered),
        "reply_message": _mail_part(message),
        "leadCorrespondence": {
            "targetLeadEmail": lead.email,
            "replyReceivedFrom": message.sender,
            "repliedCompanyDomain": "SameCompany",
        },
    }


def _mail_part(message: FakeMessage) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "html": message.body,
        "text": "",
        "time": offset_timestamp(message.at),
    }


def short_email_payload(
    store: Store, lead: FakeLead, message: FakeMessage
) -> dict[str, Any]:
    """Return the short body of the docs, EMAIL_REPLIED or EMAIL_SENT.

    It has the time, the campaign's name, the lead's address and first name and the text
    of a reply, but the ids of neither the lead nor the mail.
    """
    campaign = store.campaigns[lead.campaign_id]
    payload = {
        "event_type": "EMAIL_REPLIED" if message.type == "REPLY" else "EMAIL_SENT",
        "timestamp": offset_timestamp(message.at),
        "campaign_name": campaign.name,
        "lead": {"email": lead.email, "first_name": lead.first_name},
    }
    if message.type == "REPLY":
        payload["reply"] = {
            "body": message.body,
            "received_at": offset_timestamp(message.at),
        }
    return payload


def category_payload(
    store: Store, lead: FakeLead, before: int | None, *, at: float, number: int
) -> dict[str, Any]:
    names = {key: row.name for key, row in store.categories.items()}
    replies = [entry for entry in history(lead) if entry["type"] == "REPLY"]
    return {
        "event_type": "LEAD_CATEGORY_UPDATED",
        "event_id": f"category-{lead.map_id}-{number}-{int(at)}",
        "event_timestamp": offset_timestamp(at),
        "lead_id": lead.lead_id,
        "from_email": lead.mailbox,
        "to_email": lead.email,
        **_campaign_fields(store.campaigns[lead.campaign_id]),
        "lead_category": {
            "old_id": before,
            "old_name": names.get(before or 0),
            "new_id": lead.category_id,
            "new_name": names.get(lead.category_id or 0),
        },
        "history": history(lead),
        "last_reply": replies[-1] if replies else {},
        "app_url": f"{INBOX_URL}{lead.map_id}",
    }


def _campaign_fields(campaign: FakeCampaign) -> dict[str, Any]:
    return {
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "campaign_status": campaign.status,
        "client_id": campaign.client_id,
    }
