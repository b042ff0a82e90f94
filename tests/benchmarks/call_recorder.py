"""A transport that records calls and how old each lead's last read was when it was
written.

It stands between the client and a sandbox in this process. The calls come from the
sandbox's log; which leads a list has shown, only from its answer.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from assignments.sandbox.call_log import CallLogEntry
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.wsgi import application

WRITE_KIND, NOTE_KIND = "owner", "note"
NEVER = float("-inf")


@dataclass
class CallRecorder(httpx.BaseTransport):
    """Records the calls to a sandbox; `pace` is called before each, to let time pass."""

    world: FakeSmartlead
    pace: Callable[[], object]
    # When a lead's owner was last asked for and shown, or set by us and answered.
    known_at: dict[int, float] = field(default_factory=dict)
    ages: list[float] = field(default_factory=list)
    calls: list[CallLogEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sandbox = httpx.WSGITransport(app=application(self.world))
        self._entries_read = len(self.world.call_log.entries())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.pace()
        response = self._sandbox.handle_request(request)
        entry = self._entry()
        shown = _listed_leads(response) if entry.kind == "list" else [entry.map_id]
        for map_id in shown:
            if map_id is not None:
                self._note(map_id, entry)
        return response

    def _entry(self) -> CallLogEntry:
        """Return the log entry of the call that was just answered, the last one."""
        new = self.world.call_log.entries(after=self._entries_read)
        self._entries_read += len(new)
        self.calls.append(new[-1])
        return new[-1]

    def _note(self, map_id: int, entry: CallLogEntry) -> None:
        if entry.kind == WRITE_KIND:
            asked_at = self.known_at.get(map_id, NEVER)
            self.ages.append(entry.arrived_at - asked_at)
        if entry.kind != NOTE_KIND:
            self.known_at[map_id] = entry.arrived_at


def _listed_leads(response: httpx.Response) -> list[int]:
    response.read()
    rows = json.loads(response.content).get("data") or ()
    return [int(row["email_lead_map_id"]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """Calls by kind while something ran, and the age in seconds of the oldest read
    written on.
    """

    calls: Counter[str]
    oldest: float

    @property
    def reads(self) -> int:
        return self.calls.total() - self.calls[WRITE_KIND] - self.calls[NOTE_KIND]


def measure_calls(recorder: CallRecorder, act: Callable[[], object]) -> CallCost:
    """Call `act` and return what it cost."""
    before, writes = len(recorder.calls), len(recorder.ages)
    act()
    return CallCost(
        calls=Counter(call.kind for call in recorder.calls[before:]),
        oldest=max(recorder.ages[writes:], default=0.0),
    )
