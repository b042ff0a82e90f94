"""Faults to order: for the next matching calls, or at random with a seed.

Each kind defines if the faulty call still takes effect. The call log records it: an
entry with `applied_seq` changed the account, whatever the caller was told.
"""

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any


class InvalidFault(Exception):
    pass


class FaultKind(StrEnum):
    # Nothing is applied.
    TOO_MANY = "too_many"  # 429 with Retry-After
    TOO_MANY_BARE = "too_many_bare"  # 429 without Retry-After
    ERROR = "error"  # 500 with a JSON body
    BAD_GATEWAY = "bad_gateway"  # 502, an HTML page
    UNAVAILABLE = "unavailable"  # 503, an HTML page
    HANG_THEN_DROP = "hang_then_drop"  # silence, then a closed connection
    ERROR_INSIDE = "error_inside"  # 200 with ok: false
    EMPTY_UNAPPLIED = "empty_unapplied"  # 200 with an empty body, and nothing done
    # Applied all the same.
    HANG_THEN_APPLY = "hang_then_apply"  # silence, then applied and answered
    APPLY_THEN_HANG = "apply_then_hang"  # applied, then silence, then the answer
    LOST_ANSWER = "lost_answer"  # applied, then the connection closes
    APPLIED_ERROR = "applied_error"  # applied, but the answer is a 500
    PLAIN_TEXT = "plain_text"  # applied; 200 with the text `success`
    EMPTY = "empty"  # applied; 200 with an empty body
    DRIP_BODY = "drip_body"  # applied; the body arrives byte by byte
    DRIP_HEADERS = "drip_headers"  # applied; the head arrives byte by byte
    # Lists of the inbox.
    STALE = "stale"  # owners as they were some seconds ago
    MALFORMED = "malformed"  # some rows cannot be read
    ABSENT_OWNER = "absent_owner"  # no row names its team_member_id
    MOVING = "moving"  # the next row gets a reply: it jumps to the top
    LEAVING = "leaving"  # a row of this page is archived (see switch lists_archived)
    VANISHING = "vanishing"  # a row of this page gets deleted
    UNKNOWN_MEMBER = "unknown_member"  # an outsider gives a lead to an unlisted member


LIST_FAULTS = {
    FaultKind.STALE,
    FaultKind.MALFORMED,
    FaultKind.ABSENT_OWNER,
    FaultKind.MOVING,
    FaultKind.LEAVING,
    FaultKind.VANISHING,
    FaultKind.UNKNOWN_MEMBER,
}
DEFAULT_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for the calls of one kind (`call`) or of one lead (`map_id`), or for all.

    `call` is a kind of call as in the call log (`owner`, `list`, `note`, ...), `write`
    for all writes, or empty. `times` limits how often it happens; None is no limit.
    """

    kind: FaultKind
    call: str = ""
    map_id: int | None = None
    seconds: float = DEFAULT_SECONDS
    times: int | None = 1
    chance: float = 1.0

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Fault":
        try:
            return cls(**{**raw, "kind": FaultKind(raw["kind"])})
        except (KeyError, TypeError, ValueError) as exc:
            raise InvalidFault(f"Not a fault: {exc}.") from exc

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def matches(self, *, call: str, map_id: int | None) -> bool:
        if self.kind in LIST_FAULTS and call != "list":
            return False
        if self.map_id is not None and self.map_id != map_id:
            return False
        return self.call in {"", call} or (self.call == "write" and call in WRITES)


WRITES = {"owner", "note", "task", "category", "read_status", "revenue", "reminder"}


class FaultQueue:
    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 1) -> None:
        self._faults = list(faults)
        self._random = Random(f"{seed}-faults")
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def next(self, kind: FaultKind | str, **details: Any) -> None:
        """Add a fault for the next matching call: `next("lost_answer", call="owner")`.

        `details` are the other fields of Fault; with `times` it is for more calls than
        one. Raises ValueError for an unknown kind.
        """
        self.add(Fault(kind=FaultKind(kind), **details))

    def often(self, kind: FaultKind | str, chance: float, **details: Any) -> None:
        self.add(Fault(kind=FaultKind(kind), chance=chance, times=None, **details))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def pick(self, *, call: str, map_id: int | None) -> Fault | None:
        """Return the first fault that matches and occurs by its chance, or None.

        Count its `times` down, unless they are None, and remove it at 0.
        """
        with self._lock:
            for fault in self._faults:
                if fault.matches(call=call, map_id=map_id) and self._occurs(fault):
                    self._use_up(fault)
                    return fault
        return None

    # The random numbers of faults and delays are one seeded series.
    def delay(self, *, latency: float, share: float, seconds: float) -> float:
        with self._lock:
            is_slow = share > 0 and self._random.random() < share
        return latency + (seconds if is_slow else 0.0)

    def _occurs(self, fault: Fault) -> bool:
        return fault.chance >= 1 or self._random.random() < fault.chance

    def _use_up(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            # By identity: two equal faults are two orders.
            self._faults = [other for other in self._faults if other is not fault]
