"""The other endpoints that read: campaigns, leads, notes, categories, the team."""

from typing import Any

from assignments.sandbox import serializers
from assignments.sandbox.call import ApiResponse, Call, rejection
from assignments.sandbox.records import FakeCampaign, FakeLead, FakeNote, FakeTask, iso
from assignments.sandbox.validation import (
    FLAG,
    Schema,
    integer,
    iso_day,
    one_of,
    optional,
    required,
    text,
    timestamp,
)

ID_SCHEMA: Schema = {"id": required(integer())}
BOTH_IDS_SCHEMA: Schema = {"id": required(integer()), "lead_id": required(integer())}
UNKNOWN_CAMPAIGN = {"error": "Campaign not found - Invalid campaign_id."}


def categories(call: Call) -> ApiResponse:
    call.query({})
    rows = [
        {
            "id": category.id,
            "name": category.name,
            "sentiment_type": category.sentiment,
            "created_at": iso(category.created_at),
        }
        for category in call.sandbox.store.categories.values()
    ]
    return ApiResponse(payload=rows)


def clients(call: Call) -> ApiResponse:
    call.query({})
    rows = [
        {
            "id": client.id,
            "name": client.name,
            "email": client.email,
            "uuid": client.uuid,
            "created_at": iso(client.created_at),
            "user_id": 20411,
            "logo": None,
            "logo_url": None,
            # Both misspellings are the server's own.
            "client_permision": {
                "permission": ["reply_master_inbox"],
                "retricted_category": [],
            },
        }
        for client in call.sandbox.store.clients.values()
    ]
    return ApiResponse(payload=rows)


def campaigns(call: Call) -> ApiResponse:
    query = call.query({"client_id": optional(integer()), "include_tags": FLAG})
    client_id = query["client_id"]
    rows = [
        serializers.campaign_row(campaign, has_tags=query["include_tags"])
        for campaign in call.sandbox.store.campaigns.values()
        if client_id is None or campaign.client_id == client_id
    ]
    return ApiResponse(payload=rows)


def campaign(call: Call) -> ApiResponse:
    query = call.query({"include_tags": FLAG})
    known = call.sandbox.store.campaigns.get(call.param(ID_SCHEMA)["id"])
    if known:
        row = serializers.campaign_row(known, has_tags=query["include_tags"])
        return ApiResponse(payload=row)
    if call.sandbox.behaviour.unknown_campaign == "missing":
        raise rejection(404, UNKNOWN_CAMPAIGN)
    return ApiResponse(payload={})


STATUS_VALIDATOR = one_of(
    "STARTED", "INPROGRESS", "COMPLETED", "PAUSED", "STOPPED", "BLOCKED"
)
ENGAGEMENT_VALIDATOR = one_of(
    "is_opened", "is_clicked", "is_replied", "is_bounced", "is_unsubscribed"
)
CAMPAIGN_LEADS_QUERY: Schema = {
    "offset": optional(integer(least=0), default=0),
    "limit": optional(integer(least=1, most=100), default=100),
    "status": optional(STATUS_VALIDATOR),
    "lead_category_id": optional(integer()),
    "emailStatus": optional(ENGAGEMENT_VALIDATOR),
    "created_at_gt": optional(timestamp),
    "last_sent_time_gt": optional(timestamp),
    "event_time_gt": optional(timestamp),
}


def campaign_leads(call: Call) -> ApiResponse:
    query = call.query(CAMPAIGN_LEADS_QUERY)
    campaign = _find_campaign(call)
    offset, limit = query["offset"], query["limit"]
    leads = [
        lead
        for lead in call.sandbox.store.leads.values()
        if lead.campaign_id == campaign.id and _matches_query(lead, query)
    ]
    rows = [_campaign_lead(lead) for lead in leads[offset : offset + limit]]
    return ApiResponse(
        payload={
            "total_leads": str(len(leads)),
            "offset": offset,
            "limit": limit,
            "data": rows,
        }
    )


def _campaign_lead(lead: FakeLead) -> dict[str, Any]:
    return {
        "campaign_lead_map_id": str(lead.map_id),
        "lead_category_id": lead.category_id,
        "status": lead.status,
        "created_at": iso(lead.created_at),
        "lead": serializers.lead_profile(lead),
    }


def _matches_query(lead: FakeLead, query: dict[str, Any]) -> bool:
    last_event = max(lead.last_reply_at or 0.0, lead.last_sent_at or 0.0)
    later = (
        (query["created_at_gt"], lead.created_at),
        (query["last_sent_time_gt"], lead.last_sent_at or 0.0),
        (query["event_time_gt"], last_event),
    )
    equal = (
        (query["status"], lead.status),
        (query["lead_category_id"], lead.category_id),
    )
    return (
        all(bound is None or at > bound for bound, at in later)
        and all(expected is None or expected == actual for expected, actual in equal)
        and _is_engaged(lead, query["emailStatus"])
    )


def _is_engaged(lead: FakeLead, status: str | None) -> bool:
    return {
        None: True,
        "is_opened": any(message.opens for message in lead.messages),
        "is_clicked": any(message.clicks for message in lead.messages),
        "is_replied": lead.last_reply_at is not None,
        "is_bounced": lead.is_bounced,
        "is_unsubscribed": lead.is_unsubscribed,
    }[status]


def message_history(call: Call) -> ApiResponse:
    call.query(
        {
            "event_time_gt": optional(timestamp),
            "show_plain_text_response": FLAG,
        }
    )
    campaign_id, lead_id = (
        call.param(BOTH_IDS_SCHEMA)[name] for name in ("id", "lead_id")
    )
    lead = next(
        (
            lead
            for lead in call.sandbox.store.leads.values()
            if (lead.campaign_id, lead.lead_id) == (campaign_id, lead_id)
        ),
        None,
    )
    if lead is None:
        return ApiResponse(payload={})
    call.entry.map_id = lead.map_id
    entries = serializers.history(lead)
    return ApiResponse(
        payload={"history": entries, "from": lead.mailbox, "to": lead.email}
    )


def lead_by_email(call: Call) -> ApiResponse:
    email = call.query({"email": required(text())})["email"].lower()
    leads = [
        lead
        for lead in call.sandbox.store.leads.values()
        if lead.email.lower() == email
    ]
    if not leads:
        return ApiResponse(payload={})
    rows = [_lead_campaign(call, lead) for lead in leads]
    return ApiResponse(
        payload={**serializers.lead_profile(leads[0]), "lead_campaign_data": rows}
    )


def _lead_campaign(call: Call, lead: FakeLead) -> dict[str, Any]:
    campaign = call.sandbox.store.campaigns[lead.campaign_id]
    client = call.sandbox.store.clients.get(campaign.client_id or 0)
    return {
        "campaign_lead_map_id": str(lead.map_id),
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "client_id": campaign.client_id,
        "client_email": client.email if client else None,
        "lead_category_id": lead.category_id,
    }


def lead_by_id(call: Call) -> ApiResponse:
    call.query({})
    lead_id = call.param({"lead_id": required(integer())})["lead_id"]
    leads = call.sandbox.store.leads.values()
    rows = [
        serializers.lead_profile(lead) for lead in leads if lead.lead_id == lead_id
    ][:1]
    message = "Lead fetched successfully"
    return ApiResponse(payload={"ok": True, "message": message, "data": rows})


def notes(call: Call) -> ApiResponse:
    call.query({})
    lead_id = call.param({"lead_id": required(integer())})["lead_id"]
    rows = [
        _note(note)
        for note in call.sandbox.store.notes.values()
        if note.lead_id == lead_id
    ]
    return ApiResponse(payload={"ok": True, "data": rows})


def _note(note: FakeNote) -> dict[str, Any]:
    return {
        "id": str(note.id),
        "lead_id": note.lead_id,
        "note_message": note.text,
        "created_by": note.created_by,
        "created_at": iso(note.created_at),
    }


def tasks(call: Call) -> ApiResponse:
    call.query({})
    lead_id = call.param({"lead_id": required(integer())})["lead_id"]
    rows = [
        _task(task)
        for task in call.sandbox.store.tasks.values()
        if task.lead_id == lead_id
    ]
    return ApiResponse(payload={"ok": True, "data": rows})


def _task(task: FakeTask) -> dict[str, Any]:
    return {
        "id": str(task.id),
        "lead_id": task.lead_id,
        "name": task.name,
        "description": task.description,
        "priority": task.priority,
        "due_date": iso(task.due_at),
        "status": "PENDING",
    }


UNTRACKED_QUERY: Schema = {
    "limit": optional(integer(least=1, most=100), default=20),
    "offset": optional(integer(least=0), default=0),
    "fetchBody": FLAG,
    "fetchAttachments": FLAG,
    "from_email": optional(text()),
    "to_email": optional(text()),
    "subject_line": optional(text()),
}


def untracked_replies(call: Call) -> ApiResponse:
    query = call.query(UNTRACKED_QUERY)
    matches = (("from_email", "sender"), ("to_email", "recipient"))
    replies = [
        reply
        for reply in call.sandbox.store.untracked.values()
        if all(query[name] in {None, getattr(reply, has)} for name, has in matches)
        and (query["subject_line"] or "") in reply.subject
    ]
    rows = [
        {
            "id": str(reply.id),
            "from_email": reply.sender,
            "to_email": reply.recipient,
            "subject": reply.subject,
            "email_body": reply.body if query["fetchBody"] else None,
            "received_at": iso(reply.at),
        }
        for reply in replies[query["offset"] :][: query["limit"]]
    ]
    inner = {"success": True, "message": "Untracked replies", "data": {"replies": rows}}
    return ApiResponse(payload={"ok": True, "data": inner})


def reply_status(call: Call) -> ApiResponse:
    message_id = call.query({"message_id": required(text())})["message_id"]
    for lead in call.sandbox.store.leads.values():
        for message in lead.messages:
            if message.message_id == message_id and message.type == "SENT":
                data = {
                    "message_id": message_id,
                    "status": "SENT",
                    "status_message": "Reply sent successfully",
                    "event_time": iso(message.at),
                    "scheduled_time": None,
                    "email_stats_id": message.stats_id,
                }
                return ApiResponse(payload={"ok": True, "data": data})
    error = "No reply found for the given message_id"
    raise rejection(404, {"ok": False, "error": error})


TEAM_BOARD_QUERY: Schema = {
    "start_date": optional(iso_day),
    "end_date": optional(iso_day),
    "timezone": required(text()),
    "client_ids": optional(text()),
    "campaign_ids": optional(text()),
    "full_data": FLAG,
}


def team_board(call: Call) -> ApiResponse:
    """Return the response with the members on the team board and figures of their
    leads; others may own leads, too. The query is validated (Rejected) but filters
    nothing.
    """
    call.query(TEAM_BOARD_QUERY)
    rows = [
        _board_row(call, member.id, member.name)
        for member in call.sandbox.store.members.values()
        if member.on_board
    ]
    return ApiResponse(
        payload={
            "success": True,
            "message": "Team board stats fetched successfully",
            "data": {"team_board_stats": rows},
        }
    )


def _board_row(call: Call, member_id: int, name: str) -> dict[str, Any]:
    leads = [
        lead for lead in call.sandbox.store.leads.values() if lead.owner_id == member_id
    ]
    replied = [lead for lead in leads if lead.last_reply_at is not None]
    positive = [lead for lead in replied if lead.category_id in {1, 2, 5}]
    share = 100 / max(1, len(leads))
    return {
        "id": member_id,
        "name": name,
        "profile_pic_url": None,
        "lead_count": len(leads),
        "campaign_count": len({lead.campaign_id for lead in leads}),
        "reply_count": len(replied),
        "positive_reply_count": len(positive),
        "reply_rate": round(len(replied) * share, 2),
        "positive_reply_rate": round(len(positive) * share, 2),
        "average_reply_time": 5400,
        "unique_open_count": sum(_is_engaged(lead, "is_opened") for lead in leads),
    }


def _find_campaign(call: Call) -> FakeCampaign:
    campaign = call.sandbox.store.campaigns.get(call.param(ID_SCHEMA)["id"])
    if campaign is None:
        raise rejection(404, UNKNOWN_CAMPAIGN)
    return campaign
