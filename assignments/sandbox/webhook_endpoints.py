"""The endpoints that manage webhooks. Only addresses of this machine are accepted."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from assignments.sandbox.call import ApiResponse, Call, rejection
from assignments.sandbox.records import FakeWebhook
from assignments.sandbox.validation import (
    FLAG,
    InvalidValue,
    Schema,
    boolean,
    integer,
    list_of,
    nullable,
    one_of,
    optional,
    required,
    text,
)

# Live, the numbers were seen to work; the words are documented.
LEVELS = {1: "user", 2: "client", 3: "campaign"}
LEVEL_VALIDATOR = one_of(*LEVELS, *LEVELS.values())  # type: ignore[arg-type]
EVENT_TYPES = (
    "EMAIL_SENT", "FIRST_EMAIL_SENT", "EMAIL_OPEN", "EMAIL_LINK_CLICK", "EMAIL_REPLY",
    "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED",
    "CAMPAIGN_STATUS_CHANGED", "UNTRACKED_REPLIES", "MANUAL_STEP_REACHED",
)  # fmt: skip


def is_local_address(url: str) -> bool:
    """Return True for plain http to `localhost` or a loopback address, so that nothing
    is sent elsewhere; False for any other URL, also a malformed one.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
    return parts.scheme == "http" and is_loopback


def _local_address(path: str, raw: object) -> str:
    url: str = text()(path, raw)
    if not is_local_address(url):
        raise InvalidValue(path, "must be an http address of this machine")
    return url


def _flags(path: str, raw: object) -> list[str]:
    if not isinstance(raw, dict):
        raise InvalidValue(path, "must be of type object")
    return [name for name, value in raw.items() if boolean(f"{path}.{name}", value)]


WEBHOOK_BODY: Schema = {
    "webhook_url": required(_local_address),
    "association_type": required(LEVEL_VALIDATOR),
    "email_campaign_id": optional(nullable(integer())),
    "client_id": optional(nullable(integer())),
    "name": optional(text(), default="Webhook"),
    "event_type_map": required(_flags),
    "category_id_map": optional(_flags),
    "force_create": FLAG,
}
CAMPAIGN_WEBHOOK_BODY: Schema = {
    "id": optional(nullable(integer())),
    "name": required(text()),
    "webhook_url": required(_local_address),
    "event_types": required(list_of(one_of(*EVENT_TYPES), least=1)),
    "categories": optional(list_of(text())),
}
ID_SCHEMA: Schema = {"id": required(integer())}


def create(call: Call) -> ApiResponse:
    body = call.body(WEBHOOK_BODY)
    level = body["association_type"]
    hook = _add_webhook(
        call,
        level=LEVELS.get(level, level),
        url=body["webhook_url"],
        name=body["name"],
        events=body["event_type_map"],
        campaign_id=body["email_campaign_id"],
        client_id=body["client_id"],
    )
    if call.sandbox.behaviour.shape == "documented":
        return ApiResponse(payload={"ok": True, "id": hook.id, "webhook_url": hook.url})
    return ApiResponse(payload={"ok": True, "data": {"id": {"id": hook.id}}})


def show(call: Call) -> ApiResponse:
    return ApiResponse(payload={"ok": True, "data": _webhook_row(_find_webhook(call))})


def update(call: Call) -> ApiResponse:
    hook, body = _find_webhook(call), call.body(WEBHOOK_BODY)
    hook.url, hook.name = body["webhook_url"], body["name"]
    hook.events = body["event_type_map"]
    call.sandbox.store.save("hooks", hook.id)
    return ApiResponse(payload={"ok": True})


def delete(call: Call) -> ApiResponse:
    call.sandbox.store.delete_webhook(_find_webhook(call).id)
    return ApiResponse(payload={"ok": True})


def list_for_campaign(call: Call) -> ApiResponse:
    return ApiResponse(
        payload=[_webhook_row(hook) for hook in _campaign_webhooks(call)]
    )


def add_to_campaign(call: Call) -> ApiResponse:
    body = call.body(CAMPAIGN_WEBHOOK_BODY)
    hook = _add_webhook(
        call,
        level="campaign",
        url=body["webhook_url"],
        name=body["name"],
        events=body["event_types"],
        campaign_id=call.param(ID_SCHEMA)["id"],
    )
    return ApiResponse(payload={"ok": True, "id": hook.id})


def delete_from_campaign(call: Call) -> ApiResponse:
    webhook_id = call.body(ID_SCHEMA)["id"]
    if webhook_id not in [hook.id for hook in _campaign_webhooks(call)]:
        raise rejection(404, {"error": "Webhook not found"})
    call.sandbox.store.delete_webhook(webhook_id)
    return ApiResponse(payload={"ok": True})


def _add_webhook(call: Call, **columns: Any) -> FakeWebhook:
    hook = call.sandbox.store.add_webhook(**columns)
    call.sandbox.record_change(call.entry)
    return hook


def _campaign_webhooks(call: Call) -> list[FakeWebhook]:
    campaign_id = call.param(ID_SCHEMA)["id"]
    known = call.sandbox.store.hooks.values()
    return [hook for hook in known if hook.campaign_id == campaign_id]


def _find_webhook(call: Call) -> FakeWebhook:
    hook = call.sandbox.store.hooks.get(call.param(ID_SCHEMA)["id"])
    if hook is None:
        raise rejection(404, {"error": "Webhook not found"})
    return hook


def _webhook_row(hook: FakeWebhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "name": hook.name,
        "webhook_url": hook.url,
        "association_type": hook.level,
        "email_campaign_id": hook.campaign_id,
        "client_id": hook.client_id,
        "event_types": hook.events,
    }
