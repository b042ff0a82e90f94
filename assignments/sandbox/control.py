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


def respond(world: FakeSmartlead, request: ApiRequest, *, caller: str) -> ApiResponse:
    if not ip_address(caller).is_loopback:
        return ApiResponse(status=403, payload={"error": "Only from this machine."})
    name = request.path.removeprefix(PREFIX).strip("/")
    act = ACTS.get((request.method, name))
    if act is None:
        says = f"No control {request.method} {name}."
        return ApiResponse(status=404, payload={"error": says})
    try:
        return ApiResponse(payload=act(world, _wishes(request)))
    except (InvalidFault, UnknownLead, InvalidBehaviour) as no:
        return ApiResponse(status=400, payload={"error": str(no)})
    except (KeyError, TypeError, ValueError) as no:
        return ApiResponse(status=400, payload={"error": f"Not understood: {no!r}."})


def _wishes(request: ApiRequest) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query)
    return dict(json.loads(request.body or b"{}"))


def _state(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    board = world.account.members.values()
    return {
        "owners": world.owners(),
        "notes": [note.to_json() for note in world.notes()],
        "members": [member.to_json() for member in board],
        "switches": world.switches.to_json(),
    }


def _journal(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    after = int(wishes.get("after", 0))
    return [entry.to_json() for entry in world.journal.entries(after=after)]


def _verdict(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return world.verdict()


def _faults(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return [fault.to_json() for fault in world.faults.listed()]


def _add_fault(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    """One fault, a list of them under `faults`, and `clear` to begin anew."""
    wishes = dict(wishes)
    if wishes.pop("clear", False):
        world.faults.clear()
    listed = wishes.pop("faults", [wishes] if wishes else [])
    for raw in listed:
        world.faults.add(Fault.from_json(raw))
    return _faults(world, {})


def _set_switches(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    world.set_switches(**wishes)
    return world.switches.to_json()


def _outside(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return world.assign_outside(wishes["map_id"], wishes["member_id"]).to_json()


def _reply(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return world.add_reply(wishes["map_id"], text=wishes.get("text")).to_json()


def _category(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    lead = world.lead(wishes["map_id"])
    return world.categorise(lead, wishes["category_id"]).to_json()


def _vanish(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return world.vanish(wishes["map_id"]).to_json()


def _archive(world: FakeSmartlead, wishes: dict[str, Any]) -> Any:
    return world.archive(wishes["map_id"]).to_json()


ACTS: dict[tuple[str, str], Callable[[FakeSmartlead, dict[str, Any]], Any]] = {
    ("GET", "state"): _state,
    ("GET", "journal"): _journal,
    ("GET", "verdict"): _verdict,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("POST", "switches"): _set_switches,
    ("POST", "outside"): _outside,
    ("POST", "reply"): _reply,
    ("POST", "category"): _category,
    ("POST", "vanish"): _vanish,
    ("POST", "archive"): _archive,
}
