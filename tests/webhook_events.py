"""Webhook events as Smartlead sends them."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from assignments.models import Lead
from assignments.services.webhooks import authentication
from tests.factories import MONDAY

SECRET = "a-secret-of-the-tests-only"
LATER = MONDAY + timedelta(minutes=5)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def reply_event(lead: Lead, *, at: datetime = LATER, **fields: Any) -> dict[str, Any]:
    """Return the long body of a reply, as Smartlead was seen to send it."""
    key = f"<{lead.pk}-{iso(at)}@example.com>"
    return {
        "webhook_id": 7,
        "event_type": "EMAIL_REPLY",
        "event_timestamp": iso(at),
        "sl_email_lead_id": str(lead.person_id),
        "sl_email_lead_map_id": lead.pk,
        "sl_lead_email": lead.email,
        "stats_id": "5c4f8a0e-0000-4000-8000-000000000001",
        "from_email": "maya@our-firm.example",
        "to_email": lead.email,
        "subject": "Re: Cold storage",
        "campaign_id": lead.campaign_id,
        "campaign_name": str(lead.campaign or ""),
        "sent_message": {"message_id": "<sent@our-firm.example>", "html": "<p>Hi</p>"},
        "reply_message": {
            "message_id": key,
            "html": "<p>Yes, call me on Thursday.</p>",
            "time": iso(at),
        },
        "leadCorrespondence": {"targetLeadEmail": lead.email},
        "secret_key": SECRET,
    } | fields


def category_event(
    lead: Lead, category_id: int, name: str = "Meeting", *, at: datetime = LATER
) -> dict[str, Any]:
    return {
        "event_type": "LEAD_CATEGORY_UPDATED",
        "event_id": f"{lead.pk}-{category_id}-{iso(at)}",
        "event_timestamp": iso(at),
        "lead_id": lead.person_id,
        "to_email": lead.email,
        "campaign_id": lead.campaign_id,
        "lead_category": {"old_id": None, "new_id": category_id, "new_name": name},
        "history": [{"email_body": "x" * 1000}] * 50,
        "secret_key": SECRET,
    }


def webhook_path() -> str:
    return f"/webhooks/smartlead/{authentication.path_token()}/"


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def encoded_body(payload: Any) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def post(client: Client, payload: Any, **headers: str) -> Any:
    return client.post(
        webhook_path(),
        data=encoded_body(payload),
        content_type="application/json",
        headers=headers,
    )
