"""The sandbox's own endpoints under /_sandbox/, for this machine only.

GET state, journal?after=N, verdict, faults. POST faults, switches, outside, reply,
category, vanish, archive, each with a JSON object.
"""

import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from assignments.sandbox.behaviour import InvalidBehaviour
from assignments.sandbox.call import ApiRequest, ApiResponse
from assignments.sandbox.fake_smartlead import FakeSmartlead, UnknownLead
from assignments.sandbox.faults import Fault, InvalidFault

PREFIX = "/_sandbox/"


def respond(sandbox: FakeSmartlead, request: ApiRequest, *, caller: str) -> ApiResponse:
    if not ip_address(caller).is_loopback:
        return ApiResponse(status=403, payload={"error": "Only from this machine."})
    name = request.path.removeprefix(PREFIX).strip("/")
    handler = HANDLERS.get((request.method, name))
    if handler is None:
        error = f"No control {request.method} {name}."
        return ApiResponse(status=404, payload={"error": error})
    try:
        return ApiResponse(payload=handler(sandbox, _options(request)))
    except (InvalidFault, UnknownLead, InvalidBehaviour) as error:
        return ApiResponse(status=400, payload={"error": str(error)})
    except (KeyError, TypeError, ValueError) as error:
        return ApiResponse(status=400, payload={"error": f"Not understood: {error!r}."})


def _options(request: ApiRequest) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query)
    return dict(json.loads(request.body or b"{}"))


def _state(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    board = sandbox.store.members.values()
    return {
        "owners": sandbox.owners(),
        "notes": [note.to_json() for note in sandbox.notes()],
        "members": [member.to_json() for member in board],
        "switches": sandbox.behaviour.to_json(),
    }


def _call_log(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    after = int(wishes.get("after", 0))
    return [entry.to_json() for entry in sandbox.call_log.entries(after=after)]


def _key_usage(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return sandbox.key_usage()


def _faults(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return [fault.to_json() for fault in sandbox.faults.listed()]


def _add_fault(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    """Add one fault (`wishes` are its fields; none add nothing) or the list under
    `faults`; a true `clear` first removes all. Return all faults as JSON. Raise
    InvalidFault for a bad one; those before it stay added.
    """
    wishes = dict(wishes)
    if wishes.pop("clear", False):
        sandbox.faults.clear()
    listed = wishes.pop("faults", [wishes] if wishes else [])
    for raw in listed:
        sandbox.faults.add(Fault.from_json(raw))
    return _faults(sandbox, {})


def _set_behaviour(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    sandbox.set_behaviour(**wishes)
    return sandbox.behaviour.to_json()


def _assign_outside(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return sandbox.assign_outside(wishes["map_id"], wishes["member_id"]).to_json()


def _add_reply(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return sandbox.add_reply(wishes["map_id"], text=wishes.get("text")).to_json()


def _set_category(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    lead = sandbox.lead(wishes["map_id"])
    return sandbox.set_category(lead, wishes["category_id"]).to_json()


def _delete_lead(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return sandbox.delete_lead(wishes["map_id"]).to_json()


def _archive_lead(sandbox: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return sandbox.archive_lead(wishes["map_id"]).to_json()


HANDLERS: dict[tuple[str, str], Callable[[FakeSmartlead, dict[str, Any]], Any]] = {
    ("GET", "state"): _state,
    ("GET", "journal"): _call_log,
    ("GET", "verdict"): _key_usage,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("POST", "switches"): _set_behaviour,
    ("POST", "outside"): _assign_outside,
    ("POST", "reply"): _add_reply,
    ("POST", "category"): _set_category,
    ("POST", "vanish"): _delete_lead,
    ("POST", "archive"): _archive_lead,
}
