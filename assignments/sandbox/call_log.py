"""Log every call and every change made elsewhere, in order.

Tests and benchmarks judge Handoff by this log. It holds the key as a fingerprint only,
and the path without its query.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic

from assignments.sandbox.records import Record
from assignments.sandbox.store import StateFile


@dataclass(slots=True, kw_only=True)
class CallLogEntry(Record):
    """One call, or one change from elsewhere. `…_at` is wall-clock, `…_mono` monotonic.

    `applied_seq` numbers the changes of the account in the order they took effect; an
    entry without it changed nothing. A call whose answer was lost has no `status`.
    """

    seq: int
    source: str
    arrived_at: float
    arrived_mono: float
    kind: str = ""
    method: str = ""
    path: str = ""
    key: str = ""
    status: int | None = None
    applied_seq: int | None = None
    applied_at: float | None = None
    applied_mono: float | None = None
    ended_at: float | None = None
    ended_mono: float | None = None
    map_id: int | None = None
    member_id: int | None = None
    owner_before: int | None = None
    owner_after: int | None = None
    note: str | None = None
    fault: str | None = None


class CallLog:
    def __init__(
        self, *, clock: Callable[[], float], state: StateFile | None = None
    ) -> None:
        self._clock = clock
        self._state = state
        self._lock = threading.Lock()
        self._entries: list[CallLogEntry] = []
        if state is not None:
            rows = state.rows("journal")
            self._entries = [CallLogEntry.from_json(raw) for _, raw in rows]

    def open(self, *, source: str, kind: str = "", **known: str) -> CallLogEntry:
        with self._lock:
            entry = CallLogEntry(
                seq=len(self._entries) + 1,
                source=source,
                kind=kind,
                arrived_at=self._clock(),
                arrived_mono=monotonic(),
                **known,  # type: ignore[arg-type]
            )
            self._entries.append(entry)
        self._save(entry)
        return entry

    def mark_applied(self, entry: CallLogEntry, seq: int) -> None:
        entry.applied_seq = seq
        entry.applied_at = self._clock()
        entry.applied_mono = monotonic()
        self._save(entry)

    def mark_ended(self, entry: CallLogEntry) -> None:
        """Store and save the time at which the answer has left or was lost; only the
        first time counts.
        """
        if entry.ended_at is None:
            entry.ended_at = self._clock()
            entry.ended_mono = monotonic()
            self._save(entry)

    def entries(self, *, after: int = 0, kind: str | None = None) -> list[CallLogEntry]:
        with self._lock:
            later = self._entries[after:]
        return [entry for entry in later if kind is None or entry.kind == kind]

    def calls(self, *, kind: str | None = None) -> list[CallLogEntry]:
        return [entry for entry in self.entries(kind=kind) if entry.source == "api"]

    def changes(self, map_id: int | None = None) -> list[CallLogEntry]:
        """Return the entries of kind `owner` that took effect, from calls and from
        elsewhere, in the order they took effect; of one lead, or of all leads if
        `map_id` is None.
        """
        applied = [
            entry
            for entry in self.entries(kind="owner")
            if entry.applied_seq is not None and map_id in {None, entry.map_id}
        ]
        return sorted(applied, key=lambda entry: entry.applied_seq or 0)

    def statuses(self) -> dict[str, int]:
        return dict(Counter(str(entry.status) for entry in self.calls()))

    def _save(self, entry: CallLogEntry) -> None:
        if self._state is not None:
            self._state.put("journal", entry.seq, entry.to_json())


def key_fingerprint(key: str) -> str:
    """Return the first twelve hexadecimal digits of the key's SHA-256; empty for an
    empty key.
    """
    return sha256(key.encode()).hexdigest()[:12] if key else ""
