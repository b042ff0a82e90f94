"""Write rows as the server does: flat as seen live, nested as documented.

Ids are digit strings in one place and numbers in another, as on the real server.
"""

from typing import Any

from assignments.sandbox.records import FakeCampaign, FakeLead, FakeMessage, iso
from assignments.sandbox.store import Store

# A live row has exactly these keys.
FLAT_KEYS = frozenset({
    "email_lead_map_id", "email_lead_id", "lead_email", "lead_first_name",
    "lead_last_name", "lead_category_id", "lead_status", "team_member_id",
    "has_new_unread_email", "last_sent_time", "last_reply_time", "email_account_id",
    "email_campaign_id", "email_campaign_name", "client_id", "revenue",
    "is_important", "is_archived", "is_snoozed", "current_sequence_number",
    "sequence_count", "sub_sequence_id", "is_pushed_to_sub_sequence",
    "belongs_to_sub_sequence", "email_campaign_seq_id", "lead_next_timestamp_to_send",
    "old_replaced_lead_data", "is_ooo_automated_push_lead",
    "campaign_sending_schedule",
})  # fmt: skip
HISTORY_KEY = "email_history"


def schedule(campaign: FakeCampaign) -> dict[str, Any]:
    return {
        "tz": campaign.zone,
        "days": [1, 2, 3, 4, 5],
        "startHour": "09:00",
        "endHour": "18:00",
    }


def flat_row(
    store: Store, lead: FakeLead, *, owner_id: int | None, has_history: bool
) -> dict[str, Any]:
    campaign = store.campaigns[lead.campaign_id]
    row = {
        **_lead_fields(lead),
        "team_member_id": owner_id,
        "email_account_id": lead.account_id,
        "email_campaign_id": campaign.id,
        "email_campaign_name": campaign.name,
        "client_id": campaign.client_id,
        "revenue": f"{lead.revenue:.2f}",
        **_flags(lead),
        "current_sequence_number": lead.sequence_number,
        "sequence_count": campaign.sequence_count,
        "email_campaign_seq_id": campaign.id * 10 + lead.sequence_number,
        "lead_next_timestamp_to_send": iso(lead.next_send_at),
        "old_replaced_lead_data": None,
        "is_ooo_automated_push_lead": None,
        "campaign_sending_schedule": schedule(campaign),
    }
    if has_history:
        row[HISTORY_KEY] = history(lead)
    return row


def _lead_fields(lead: FakeLead) -> dict[str, Any]:
    return {
        "email_lead_map_id": str(lead.map_id),
        "email_lead_id": str(lead.lead_id),
        "lead_email": lead.email,
        "lead_first_name": lead.first_name or None,
        "lead_last_name": lead.last_name or None,
        "lead_category_id": lead.category_id,
        "lead_status": lead.status,
        "last_sent_time": iso(lead.last_sent_at),
        "last_reply_time": iso(lead.last_reply_at),
    }


def _flags(lead: FakeLead) -> dict[str, Any]:
    return {
        "has_new_unread_email": lead.is_unread,
        "is_important": lead.is_important,
        "is_archived": lead.is_archived,
        "is_snoozed": lead.is_snoozed,
        "sub_sequence_id": lead.sub_sequence_id,
        "is_pushed_to_sub_sequence": lead.sub_sequence_id is not None,
        "belongs_to_sub_sequence": False,
    }


def history(lead: FakeLead) -> list[dict[str, Any]]:
    ordered = sorted(lead.messages, key=lambda message: message.at)
    return [history_entry(message) for message in ordered]


def history_entry(message: FakeMessage) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "stats_id": message.stats_id,
        "from": message.sender,
        "to": message.recipient,
        "type": message.type,
        "message_id": message.message_id,
        "time": iso(message.at),
        "email_body": message.body,
    }
    if message.sequence_number is not None:
        entry["email_seq_number"] = str(message.sequence_number)
    if message.type == "REPLY":
        entry["cc"] = message.cc
    else:
        entry |= {
            "subject": message.subject,
            "open_count": message.opens,
            "click_count": message.clicks,
            "click_details": {},
        }
    if message.attachments:
        entry["attachments"] = message.attachments
    return entry


def nested_row(
    store: Store, lead: FakeLead, *, owner_id: int | None, has_history: bool
) -> dict[str, Any]:
    """Return the row as the current docs describe it; it was never seen live.

    `has_history` adds `message_history`; `owner_id` is in `assigned_to`, null for None.
    """
    campaign = store.campaigns[lead.campaign_id]
    item: dict[str, Any] = {
        "id": f"msg_{lead.map_id}",
        "campaign_lead_map_id": str(lead.map_id),
        "lead": _nested_lead(lead),
        "campaign": {"id": campaign.id, "name": campaign.name},
        "email_account": {
            "id": lead.account_id,
            "email": lead.mailbox,
            "name": lead.mailbox.split("@")[0].title(),
        },
        "last_message": _last_message(lead),
        "email_status": "Replied" if lead.last_reply_at else "Opened",
        "category": _category(store, lead),
        "assigned_to": _assignee(store, owner_id),
        "stats": _stats(lead),
        "is_read": not lead.is_unread,
        "is_important": lead.is_important,
        "is_archived": lead.is_archived,
        "tags": [],
    }
    if has_history:
        item["message_history"] = [
            _nested_message(message) for message in lead.messages
        ]
    return item


def _nested_lead(lead: FakeLead) -> dict[str, Any]:
    return {
        "email": lead.email,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "company": lead.company,
        "phone": lead.phone,
    }


def _last_message(lead: FakeLead) -> dict[str, Any] | None:
    if not lead.messages:
        return None
    last = max(lead.messages, key=lambda message: message.at)
    return {
        "id": last.message_id,
        "subject": last.subject,
        "body": last.body,
        "received_at": iso(last.at),
        "sent_from": last.sender,
        "sent_to": last.recipient,
    }


def _category(store: Store, lead: FakeLead) -> dict[str, Any] | None:
    category = store.categories.get(lead.category_id or 0)
    return {"id": category.id, "name": category.name} if category else None


def _assignee(store: Store, owner_id: int | None) -> dict[str, Any] | None:
    if owner_id is None:
        return None
    member = store.members.get(owner_id)
    return {"id": owner_id, "name": member.name if member else None}


def _stats(lead: FakeLead) -> dict[str, Any]:
    replies = sum(message.type == "REPLY" for message in lead.messages)
    return {
        "total_sent": len(lead.messages) - replies,
        "total_opened": sum(message.opens for message in lead.messages),
        "total_clicked": sum(message.clicks for message in lead.messages),
        "total_replied": replies,
        "last_activity": iso(max(lead.last_reply_at or 0, lead.last_sent_at or 0)),
    }


def _nested_message(message: FakeMessage) -> dict[str, Any]:
    is_reply = message.type == "REPLY"
    return {
        "id": message.message_id,
        "subject": message.subject,
        "body": message.body,
        "direction": "inbound" if is_reply else "outbound",
        "received_at" if is_reply else "sent_at": iso(message.at),
    }


def lead_profile(lead: FakeLead) -> dict[str, Any]:
    """Return the lead as campaign and lead endpoints show it; `id` is the lead id as a
    number.
    """
    return {
        "id": lead.lead_id,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "email": lead.email,
        "phone_number": lead.phone or None,
        "company_name": lead.company,
        "website": lead.website,
        "location": lead.location,
        "linkedin_profile": lead.linkedin,
        "company_url": lead.website,
        "custom_fields": lead.custom_fields,
        "is_unsubscribed": lead.is_unsubscribed,
        "unsubscribed_client_id_map": {},
    }


def campaign_row(campaign: FakeCampaign, *, has_tags: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": campaign.id,
        "user_id": 20411,
        "name": campaign.name,
        "status": campaign.status,
        "created_at": iso(campaign.created_at),
        "updated_at": iso(campaign.created_at),
        "track_settings": ["DONT_LINK_CLICK"],
        "scheduler_cron_value": schedule(campaign),
        "min_time_btwn_emails": 12,
        "max_leads_per_day": 40,
        "stop_lead_settings": "REPLY_TO_AN_EMAIL",
        "schedule_start_time": None,
        "enable_ai_esp_matching": False,
        "send_as_plain_text": False,
        "follow_up_percentage": 60,
        "unsubscribe_text": "Not relevant? Tell me and I will stop.",
        "parent_campaign_id": None,
        "client_id": campaign.client_id,
    }
    if has_tags:
        row["tags"] = [{"id": tag, "name": f"Tag {tag}"} for tag in campaign.tag_ids]
    return row
