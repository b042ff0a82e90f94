"""Answer requests as Smartlead's API does: routes, keys, rate limit and faults.

`respond` returns refusals as responses, too, and sleeps for delays and hangs. Each
request gets an entry in the call log and counts against its key's rate limit; then the
activity that is due is played.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from assignments.sandbox import (
    fault_effects,
    inbox_endpoints,
    reference_endpoints,
    webhook_endpoints,
    write_endpoints,
)
from assignments.sandbox.call import ApiRequest, ApiResponse, Call, Rejected, rejection
from assignments.sandbox.call_log import CallLogEntry, key_fingerprint
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.faults import FaultKind
from assignments.sandbox.rate_limits import Admission, retry_after

PREFIX = "/api/v1/"
ID_PATTERN = re.compile("[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: str
    kind: str
    handler: Callable[[Call], ApiResponse]


# The first match wins: untracked-replies and reply-status come before /{id}.
ROUTES = (
    *(
        Route(
            "POST", f"master-inbox/{name}", "list", inbox_endpoints.list_endpoint(name)
        )
        for name in inbox_endpoints.LISTS
    ),
    Route(
        "GET",
        "master-inbox/untracked-replies",
        "read",
        reference_endpoints.untracked_replies,
    ),
    Route("GET", "master-inbox/reply-status", "read", reference_endpoints.reply_status),
    Route("GET", "master-inbox/{email_lead_map_id}", "thread", inbox_endpoints.thread),
    Route(
        "POST",
        "master-inbox/update-team-member",
        "owner",
        write_endpoints.update_team_member,
    ),
    Route("POST", "master-inbox/create-note", "note", write_endpoints.create_note),
    Route("POST", "master-inbox/create-task", "task", write_endpoints.create_task),
    Route(
        "POST", "master-inbox/set-reminder", "reminder", write_endpoints.set_reminder
    ),
    Route(
        "PATCH",
        "master-inbox/update-category",
        "category",
        write_endpoints.update_category,
    ),
    Route(
        "PATCH",
        "master-inbox/change-read-status",
        "read_status",
        write_endpoints.change_read_status,
    ),
    Route(
        "PATCH",
        "master-inbox/update-revenue",
        "revenue",
        write_endpoints.update_revenue,
    ),
    Route("GET", "crm/leads/notes/{lead_id}", "notes", reference_endpoints.notes),
    Route("GET", "crm/leads/tasks/{lead_id}", "notes", reference_endpoints.tasks),
    Route("GET", "campaigns", "read", reference_endpoints.campaigns),
    Route("GET", "campaigns/{id}", "read", reference_endpoints.campaign),
    Route("GET", "campaigns/{id}/leads", "read", reference_endpoints.campaign_leads),
    Route(
        "GET",
        "campaigns/{id}/leads/{lead_id}/message-history",
        "history",
        reference_endpoints.message_history,
    ),
    Route("GET", "leads", "read", reference_endpoints.lead_by_email),
    Route("GET", "leads/fetch-categories", "read", reference_endpoints.categories),
    Route("GET", "leads/{lead_id}", "read", reference_endpoints.lead_by_id),
    Route("POST", "webhook/create", "hook", webhook_endpoints.create),
    Route("GET", "webhook/{id}", "hook", webhook_endpoints.show),
    Route("PUT", "webhook/update/{id}", "hook", webhook_endpoints.update),
    Route("DELETE", "webhook/delete/{id}", "hook", webhook_endpoints.delete),
    Route(
        "GET", "campaigns/{id}/webhooks", "hook", webhook_endpoints.list_for_campaign
    ),
    Route("POST", "campaigns/{id}/webhooks", "hook", webhook_endpoints.add_to_campaign),
    Route(
        "DELETE",
        "campaigns/{id}/webhooks",
        "hook",
        webhook_endpoints.delete_from_campaign,
    ),
    Route("GET", "client", "read", reference_endpoints.clients),
    Route(
        "GET",
        "analytics/team-board/overall-stats",
        "read",
        reference_endpoints.team_board,
    ),
)


def respond(sandbox: FakeSmartlead, request: ApiRequest) -> ApiResponse:
    key = request.query.get("api_key", "")
    route, params = _match_route(sandbox, request)
    entry = sandbox.call_log.open(
        source="api",
        kind=route.kind if route else "unknown",
        method=request.method,
        path=request.path,
        key=key_fingerprint(key),
    )
    grant = sandbox.rate_limiter.arrive(key, share=sandbox.behaviour.other_share)
    sandbox.activity.catch_up()
    raw_body = _parse_body(request)
    _log_request(entry, raw_body, params)
    try:
        admitted = _check_admission(sandbox, request, route, raw_body, grant)
    except Rejected as rejected:
        answer = rejected.answer
    else:
        call = Call(
            sandbox=sandbox,
            request=request,
            params=params,
            raw_body=raw_body,
            entry=entry,
            member_id=sandbox.keys[key],
            fault=sandbox.faults.pick(call=admitted.kind, map_id=entry.map_id),
        )
        answer = _answer_with_delay(call, admitted)
    answer.headers |= _rate_headers(sandbox, grant)
    entry.status = None if answer.is_lost else answer.status
    answer.entry = entry
    return answer


def _check_admission(
    sandbox: FakeSmartlead,
    request: ApiRequest,
    route: Route | None,
    raw_body: Any,
    grant: Admission,
) -> Route:
    """Return the route, or raise Rejected in the order of the server's checks: 429 over
    the rate limit, 400 for a broken body, 404 without a route, 401 for a missing or
    unknown key or an expired plan.
    """
    if not grant.is_allowed:
        has_retry_after = sandbox.behaviour.has_retry_after
        refusal = fault_effects.too_many_requests(
            retry_after(grant), has_retry_after=has_retry_after
        )
        raise Rejected(refusal)
    if raw_body is None:
        raise Rejected(_express_page(400, "Bad Request"))
    if route is None:
        raise Rejected(_express_page(404, f"Cannot {request.method} {request.path}"))
    _check_key(sandbox, request)
    return route


def _answer_with_delay(call: Call, route: Route) -> ApiResponse:
    switches = call.sandbox.behaviour
    delay = call.sandbox.faults.delay(
        latency=switches.latency,
        share=switches.tail_share,
        seconds=switches.tail_seconds,
    )
    # Half of the time passes on the way there, half on the way back.
    call.sandbox.sleep(delay / 2)
    answer = _answer_with_fault(call, route)
    call.sandbox.sleep(delay / 2)
    return answer


def _answer_with_fault(call: Call, route: Route) -> ApiResponse:
    fault = call.fault
    if fault is None:
        return _apply(call, route)
    call.entry.fault = fault.kind.value
    if replaced := fault_effects.replacement_response(call, fault):
        return replaced
    if fault.kind == FaultKind.HANG_THEN_APPLY:
        call.sandbox.sleep(fault.seconds)
    return fault_effects.altered_response(call, fault, _apply(call, route))


def _apply(call: Call, route: Route) -> ApiResponse:
    """Run the endpoint under the store's lock, so that the call takes effect at once.

    Return its response, or that of the Rejected which it raised.
    """
    with call.sandbox.store.lock:
        try:
            return route.handler(call)
        except Rejected as rejected:
            return rejected.answer


def _match_route(
    sandbox: FakeSmartlead, request: ApiRequest
) -> tuple[Route | None, dict[str, str]]:
    path = request.path
    if not path.startswith(PREFIX):
        return None, {}
    parts = path.removeprefix(PREFIX).rstrip("/").split("/")
    if parts[0] == "crm" and sandbox.behaviour.notes == "missing":
        return None, {}
    for route in ROUTES:
        params = _path_params(route.pattern.split("/"), parts)
        if route.method == request.method and params is not None:
            return route, params
    return None, {}


def _path_params(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    params: dict[str, str] = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            params[expected[1:-1]] = part
        elif expected != part:
            return None
    return params


def _check_key(sandbox: FakeSmartlead, request: ApiRequest) -> None:
    key = request.query.get("api_key", "")
    if not key:
        raise rejection(401, {"message": "API key is required."})
    if sandbox.member_of(key) is None:
        raise rejection(401, {"message": "Invalid API Key"})
    if sandbox.behaviour.is_plan_expired:
        raise rejection(401, {"message": "Plan expired!"})


def _parse_body(request: ApiRequest) -> Any:
    """Return the JSON body as Express does: `{}` for a GET, an empty body or a content
    type without `json`; None if it is broken or neither an object nor an array.
    """
    is_json = "json" in request.content_type
    if not is_json or not request.body or request.method == "GET":
        return {}
    try:
        parsed = json.loads(request.body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict | list) else None


def _log_request(entry: CallLogEntry, raw_body: Any, params: Mapping[str, str]) -> None:
    """Store the map id, the new owner's id and the note that were asked for in the log
    entry, even if the call is refused later; None if missing or unusable. The map id
    is read from the body, else from the path.
    """
    body = raw_body if isinstance(raw_body, dict) else {}
    map_name = "email_lead_map_id"
    entry.map_id = _digits_as_id(body.get(map_name, params.get(map_name)))
    entry.member_id = _digits_as_id(body.get("team_member_id"))
    note = body.get("note_message")
    entry.note = note if isinstance(note, str) else None


def _digits_as_id(raw: object) -> int | None:
    return int(str(raw)) if ID_PATTERN.fullmatch(str(raw)) else None


def _express_page(status: int, message: str) -> ApiResponse:
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>Error</title>\n</head>\n<body>\n<pre>{escape(message)}</pre>\n"
        "</body>\n</html>\n"
    )
    answer = ApiResponse(
        status=status, text=text, content_type="text/html; charset=utf-8"
    )
    answer.headers["content-security-policy"] = "default-src 'none'"
    answer.headers["x-content-type-options"] = "nosniff"
    return answer


def _rate_headers(sandbox: FakeSmartlead, grant: Admission) -> dict[str, str]:
    resets_at = sandbox.now() + grant.reset_in
    reset = {
        "seconds_left": retry_after(grant),
        "epoch": int(resets_at) + 1,
        "epoch_ms": int(resets_at * 1000),
    }[sandbox.behaviour.reset]
    return {
        "x-ratelimit-limit": str(grant.limit),
        "x-ratelimit-remaining": str(grant.remaining),
        "x-ratelimit-reset": str(reset),
    }
