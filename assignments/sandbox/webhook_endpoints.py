"""The endpoints that manage webhooks. Only addresses of this machine may be named."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from assignments.sandbox.call import ApiResponse, Call, rejected
from assignments.sandbox.records import FakeWebhook
from assignments.sandbox.validation import (
    FLAG,
    InvalidValue,
    Schema,
    boolean,
    integer,
    many,
    nullable,
    one_of,
    optional,
    required,
    text,
)

# Live, the numbers were seen to work; the words are documented.
LEVELS = {1: "user", 2: "client", 3: "campaign"}
LEVEL = one_of(*LEVELS, *LEVELS.values())  # type: ignore[arg-type]
EVENTS = (
    "EMAIL_SENT", "FIRST_EMAIL_SENT", "EMAIL_OPEN", "EMAIL_LINK_CLICK", "EMAIL_REPLY",
    "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED",
    "CAMPAIGN_STATUS_CHANGED", "UNTRACKED_REPLIES", "MANUAL_STEP_REACHED",
)  # fmt: skip


def is_ours(url: str) -> bool:
    """Nothing of the sandbox leaves this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        near = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
    return parts.scheme == "http" and near


def _address(path: str, raw: object) -> str:
    url: str = text()(path, raw)
    if not is_ours(url):
        raise InvalidValue(path, "must be an http address of this machine")
    return url


def _flags(path: str, raw: object) -> list[str]:
    if not isinstance(raw, dict):
        raise InvalidValue(path, "must be of type object")
    return [name for name, value in raw.items() if boolean(f"{path}.{name}", value)]


CREATED: Schema = {
    "webhook_url": required(_address),
    "association_type": required(LEVEL),
    "email_campaign_id": optional(nullable(integer())),
    "client_id": optional(nullable(integer())),
    "name": optional(text(), default="Webhook"),
    "event_type_map": required(_flags),
    "category_id_map": optional(_flags),
    "force_create": FLAG,
}
OF_CAMPAIGN: Schema = {
    "id": optional(nullable(integer())),
    "name": required(text()),
    "webhook_url": required(_address),
    "event_types": required(many(one_of(*EVENTS), least=1)),
    "categories": optional(many(text())),
}
ID: Schema = {"id": required(integer())}


def create(call: Call) -> ApiResponse:
    body = call.body(CREATED)
    level = body["association_type"]
    hook = _add(
        call,
        level=LEVELS.get(level, level),
        url=body["webhook_url"],
        name=body["name"],
        events=body["event_type_map"],
        campaign_id=body["email_campaign_id"],
        client_id=body["client_id"],
    )
    if call.world.switches.shape == "documented":
        return ApiResponse(payload={"ok": True, "id": hook.id, "webhook_url": hook.url})
    return ApiResponse(payload={"ok": True, "data": {"id": {"id": hook.id}}})


def show(call: Call) -> ApiResponse:
    return ApiResponse(payload={"ok": True, "data": _row(_found(call))})


def update(call: Call) -> ApiResponse:
    hook, body = _found(call), call.body(CREATED)
    hook.url, hook.name = body["webhook_url"], body["name"]
    hook.events = body["event_type_map"]
    call.world.account.keep("hooks", hook.id)
    return ApiResponse(payload={"ok": True})


def delete(call: Call) -> ApiResponse:
    call.world.account.drop_hook(_found(call).id)
    return ApiResponse(payload={"ok": True})


def of_campaign(call: Call) -> ApiResponse:
    return ApiResponse(payload=[_row(hook) for hook in _hooks_of(call)])


def add_to_campaign(call: Call) -> ApiResponse:
    body = call.body(OF_CAMPAIGN)
    hook = _add(
        call,
        level="campaign",
        url=body["webhook_url"],
        name=body["name"],
        events=body["event_types"],
        campaign_id=call.param(ID)["id"],
    )
    return ApiResponse(payload={"ok": True, "id": hook.id})


def drop_from_campaign(call: Call) -> ApiResponse:
    wanted = call.body(ID)["id"]
    if wanted not in [hook.id for hook in _hooks_of(call)]:
        raise rejected(404, {"error": "Webhook not found"})
    call.world.account.drop_hook(wanted)
    return ApiResponse(payload={"ok": True})


def _add(call: Call, **said: Any) -> FakeWebhook:
    hook = call.world.account.add_hook(**said)
    call.world.applied(call.entry)
    return hook


def _hooks_of(call: Call) -> list[FakeWebhook]:
    campaign_id = call.param(ID)["id"]
    known = call.world.account.hooks.values()
    return [hook for hook in known if hook.campaign_id == campaign_id]


def _found(call: Call) -> FakeWebhook:
    hook = call.world.account.hooks.get(call.param(ID)["id"])
    if hook is None:
        raise rejected(404, {"error": "Webhook not found"})
    return hook


def _row(hook: FakeWebhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "name": hook.name,
        "webhook_url": hook.url,
        "association_type": hook.level,
        "email_campaign_id": hook.campaign_id,
        "client_id": hook.client_id,
        "event_types": hook.events,
    }
