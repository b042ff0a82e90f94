"""Keep the rows of the Smartlead account in memory and, if wanted, in a state file."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from assignments.sandbox.records import (
    FakeCampaign,
    FakeCategory,
    FakeClient,
    FakeLead,
    FakeMember,
    FakeMessage,
    FakeNote,
    FakeTask,
    FakeUntrackedReply,
    FakeWebhook,
    Record,
)

RECORD_TYPES: dict[str, type[Record]] = {
    "members": FakeMember,
    "categories": FakeCategory,
    "clients": FakeClient,
    "campaigns": FakeCampaign,
    "leads": FakeLead,
    "notes": FakeNote,
    "tasks": FakeTask,
    "untracked": FakeUntrackedReply,
    "hooks": FakeWebhook,
}
FIRST_NOTE_ID = 129_500
FIRST_HOOK_ID = 900
PAST_OWNERS_KEPT = 50


class Store:
    """The rows of one account. Hold `lock` for every change: `changes` numbers them."""

    def __init__(self, state: "StateFile | None" = None) -> None:
        self.lock = threading.RLock()
        self.members: dict[int, FakeMember] = {}
        self.categories: dict[int, FakeCategory] = {}
        self.clients: dict[int, FakeClient] = {}
        self.campaigns: dict[int, FakeCampaign] = {}
        self.leads: dict[int, FakeLead] = {}
        self.notes: dict[int, FakeNote] = {}
        self.tasks: dict[int, FakeTask] = {}
        self.untracked: dict[int, FakeUntrackedReply] = {}
        self.hooks: dict[int, FakeWebhook] = {}
        self.changes = count(1)
        self._state = state

    def load(self, state: "StateFile") -> None:
        for kind, record in RECORD_TYPES.items():
            rows = getattr(self, kind)
            for key, raw in state.rows(kind):
                rows[key] = record.from_json(raw)

    def save_all(self) -> None:
        if self._state is None:
            return
        with self._state.transaction():
            for kind in RECORD_TYPES:
                for key, record in getattr(self, kind).items():
                    self._state.put(kind, key, record.to_json())

    def save(self, kind: str, key: int) -> None:
        if self._state is not None:
            self._state.put(kind, key, getattr(self, kind)[key].to_json())

    def set_owner(
        self, lead: FakeLead, member_id: int | None, *, at: float
    ) -> int | None:
        """Set the owner at `at` (epoch seconds), save the lead and return the id of the
        previous owner. If it differs, add that to `past_owners`, of which the last
        PAST_OWNERS_KEPT are kept. The caller holds the lock.
        """
        before, lead.owner_id = lead.owner_id, member_id
        if before != member_id:
            lead.past_owners = [*lead.past_owners, (at, before)][-PAST_OWNERS_KEPT:]
        self.save("leads", lead.map_id)
        return before

    def add_note(self, lead: FakeLead, text: str, *, by: str, at: float) -> FakeNote:
        note = FakeNote(
            id=next(reversed(self.notes), FIRST_NOTE_ID) + 1,
            lead_id=lead.lead_id,
            map_id=lead.map_id,
            text=text,
            created_by=by,
            created_at=at,
        )
        self.notes[note.id] = note
        self.save("notes", note.id)
        return note

    def add_webhook(self, **columns: Any) -> FakeWebhook:
        hook_id = next(reversed(self.hooks), FIRST_HOOK_ID) + 1
        hook = FakeWebhook(id=hook_id, **columns)
        self.hooks[hook.id] = hook
        self.save("hooks", hook.id)
        return hook

    def delete_webhook(self, key: int) -> None:
        del self.hooks[key]
        if self._state is not None:
            self._state.delete("hooks", key)

    def add_task(self, task: FakeTask) -> None:
        self.tasks[task.id] = task
        self.save("tasks", task.id)

    def add_message(self, lead: FakeLead, message: FakeMessage) -> None:
        lead.add(message)
        self.save("leads", lead.map_id)

    def delete_lead(self, lead: FakeLead) -> None:
        del self.leads[lead.map_id]
        if self._state is not None:
            self._state.delete("leads", lead.map_id)


class StateFile:
    """A SQLite file with the account's rows, the progress of its activity and the call log.

    It survives a killed process but not a power cut: nothing is synced to the disk.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record"
            " (kind TEXT, id INTEGER, body TEXT, PRIMARY KEY (kind, id))"
        )

    def transaction(self) -> "_Transaction":
        return _Transaction(self._lock, self._db.execute)

    def put(self, kind: str, key: int, body: Any) -> None:
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
                (kind, key, json.dumps(body, ensure_ascii=False)),
            )

    def delete(self, kind: str, key: int) -> None:
        with self._lock:
            self._db.execute(
                "DELETE FROM record WHERE kind = ? AND id = ?", (kind, key)
            )

    def get(self, kind: str) -> Any:
        return next((body for _, body in self.rows(kind)), None)

    def rows(self, kind: str) -> Iterator[tuple[int, Any]]:
        query = "SELECT id, body FROM record WHERE kind = ? ORDER BY id"
        with self._lock:
            rows = self._db.execute(query, (kind,)).fetchall()
        for key, body in rows:
            yield key, json.loads(body)

    def close(self) -> None:
        with self._lock:
            self._db.close()


class _Transaction:
    def __init__(self, lock: Any, execute: Callable[[str], object]) -> None:
        self._lock, self._execute = lock, execute

    def __enter__(self) -> None:
        self._lock.acquire()
        self._execute("BEGIN")

    def __exit__(self, failed: object, *_: object) -> None:
        self._execute("ROLLBACK" if failed else "COMMIT")
        self._lock.release()
