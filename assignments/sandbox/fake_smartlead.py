"""The fake Smartlead: one account with its clock, rate limit, faults and call log.

Tests steer a `FakeSmartlead` by its methods; the control endpoints offer the same over
HTTP.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from assignments.sandbox.activity import Activity, category_after, next_situation
from assignments.sandbox.behaviour import Behaviour
from assignments.sandbox.call import Call
from assignments.sandbox.call_log import CallLog, CallLogEntry
from assignments.sandbox.conversations import ConversationWriter
from assignments.sandbox.faults import Fault, FaultKind, FaultQueue
from assignments.sandbox.rate_limits import DEFAULT_LIMITS, ServerRateLimiter
from assignments.sandbox.records import FakeLead, FakeNote
from assignments.sandbox.seed import fill_store
from assignments.sandbox.store import StateFile, Store
from assignments.sandbox.webhook_delivery import WebhookSender

DEFAULT_KEY = "sandbox-key"


class UnknownLead(Exception):
    pass


class FakeSmartlead:
    """One Smartlead account.

    `seed`, `leads`, `members` and `now` are for a new account; one from a `state` file
    keeps its own. `keys` maps API keys to member ids; a list of keys belongs to the
    first member.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        leads: int = 300,
        members: int = 8,
        now: float | None = None,
        keys: Iterable[str] | dict[str, int] = (DEFAULT_KEY,),
        limits: Sequence[tuple[int, float]] = DEFAULT_LIMITS,
        behaviour: Behaviour | None = None,
        faults: Iterable[Fault] = (),
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        webhook_secret: str = "",
    ) -> None:
        self.now, self.sleep = clock, sleep
        self.behaviour = behaviour or Behaviour()
        self.rate_limiter = ServerRateLimiter(limits, clock=ticks)
        self.faults = FaultQueue(faults, seed=seed)
        self._state = StateFile(state) if state else None
        self.store = Store(self._state)
        self.call_log = CallLog(clock=clock, state=self._state)
        self.activity = Activity(self, seed=seed)
        self.webhook_sender = WebhookSender(self, secret=webhook_secret)
        if not self._resume():
            now = clock() if now is None else now
            fill_store(self.store, seed=seed, leads=leads, members=members, now=now)
            self.store.save_all()
            self.save_progress()
        self.keys = self._members_by_key(keys)

    def close(self) -> None:
        if self._state is not None:
            self._state.close()

    # ── For calls ───────────────────────────────────────────────────────────────

    def member_of(self, key: str) -> int | None:
        return self.keys.get(key)

    def shown_owner(self, call: Call, lead: FakeLead) -> int | None:
        """Return the owner's id (None for nobody) as this call shows it: calls of kind
        `list` show the owner of `list_lag` seconds ago, or of the seconds of a STALE
        fault if these are more; all other calls the present one.
        """
        if call.entry.kind != "list":
            return lead.owner_id
        lag = self.behaviour.list_lag
        if call.fault is not None and call.fault.kind == FaultKind.STALE:
            lag = max(lag, call.fault.seconds)
        return lead.owner_at(self.now() - lag) if lag else lead.owner_id

    def set_owner(
        self, lead: FakeLead, member_id: int | None, *, entry: CallLogEntry
    ) -> None:
        with self.store.lock:
            before = self.store.set_owner(lead, member_id, at=self.now())
            entry.map_id, entry.member_id = lead.map_id, member_id
            entry.owner_before, entry.owner_after = before, member_id
            self.record_change(entry)

    def record_change(self, entry: CallLogEntry) -> None:
        with self.store.lock:
            self.call_log.mark_applied(entry, next(self.store.changes))

    # ── Changes made elsewhere ──────────────────────────────────────────────────

    def assign_outside(self, map_id: int, member_id: int | None) -> CallLogEntry:
        """Change the owner as somebody in Smartlead would, and return the new log entry
        (source `outside`). Any member id is accepted; None removes the owner. Raises
        UnknownLead.
        """
        with self.store.lock:
            lead = self.lead(map_id)
            entry = self.call_log.open(source="outside", kind="owner")
            self.set_owner(lead, member_id, entry=entry)
            self.call_log.mark_ended(entry)
        return entry

    def add_reply(
        self,
        map_id: int,
        *,
        at: float | None = None,
        text: str | None = None,
        rng: Random | None = None,
    ) -> CallLogEntry:
        with self.store.lock:
            lead = self.lead(map_id)
            rng = rng or Random(f"{map_id}-{len(lead.messages)}")
            situation = next_situation(lead, rng)
            writer = ConversationWriter(
                lead, self.store.campaigns[lead.campaign_id], rng=rng
            )
            at = round(self.now() if at is None else at, 3)
            message = writer.reply(situation, at=at, text=text)
            before = lead.category_id
            lead.situation, lead.is_unread = situation, True
            lead.category_id = category_after(lead, situation)
            self.store.add_message(lead, message)
            self.webhook_sender.queue_reply(lead, message)
            self.webhook_sender.queue_category_change(lead, before)
            return self._log_event("reply", lead)

    def add_sent_mail(self, lead: FakeLead, *, at: float, rng: Random) -> CallLogEntry:
        """Add an answer that our side sent from within Smartlead at `at`, mark the lead
        as read, queue webhooks, and return the new log entry (kind `sent`).
        """
        with self.store.lock:
            writer = ConversationWriter(
                lead, self.store.campaigns[lead.campaign_id], rng=rng
            )
            message = writer.our_answer(lead.situation, at=round(at, 3))
            lead.is_unread = False
            self.store.add_message(lead, message)
            self.webhook_sender.queue_sent_mail(lead, message)
            return self._log_event("sent", lead)

    def set_category(self, lead: FakeLead, category_id: int | None) -> CallLogEntry:
        with self.store.lock:
            before, lead.category_id = lead.category_id, category_id
            self.store.save("leads", lead.map_id)
            self.webhook_sender.queue_category_change(lead, before)
            return self._log_event("category", lead)

    def archive_lead(self, map_id: int) -> CallLogEntry:
        with self.store.lock:
            lead = self.lead(map_id)
            lead.is_archived = True
            self.store.save("leads", map_id)
            return self._log_event("archived", lead)

    def delete_lead(self, map_id: int) -> CallLogEntry:
        """Delete the lead, so that lists, reads and writes no longer know it; its notes
        and tasks stay. Return the new log entry (kind `vanished`). Raises
        UnknownLead.
        """
        with self.store.lock:
            lead = self.lead(map_id)
            self.store.delete_lead(lead)
            return self._log_event("vanished", lead)

    def register_webhook(self, url: str, *, name: str, events: list[str]) -> None:
        """Register a webhook for the whole account, deleting all of the same name.

        Neither the address nor the names of the events are checked.
        """
        with self.store.lock:
            old = [hook for hook in self.store.hooks.values() if hook.name == name]
            for hook in old:
                self.store.delete_webhook(hook.id)
            self.store.add_webhook(name=name, url=url, level="user", events=events)

    def set_behaviour(self, **changes: Any) -> None:
        self.behaviour = self.behaviour.changed(**changes)

    # ── For tests and benchmarks ────────────────────────────────────────────────

    def lead(self, map_id: int) -> FakeLead:
        try:
            return self.store.leads[map_id]
        except KeyError:
            raise UnknownLead(f"There is no lead {map_id}.") from None

    def owner(self, map_id: int) -> int | None:
        return self.lead(map_id).owner_id

    def owners(self) -> dict[int, int | None]:
        with self.store.lock:
            return {key: lead.owner_id for key, lead in self.store.leads.items()}

    def notes(self, map_id: int | None = None) -> list[FakeNote]:
        with self.store.lock:
            notes = list(self.store.notes.values())
        return [note for note in notes if map_id in {None, note.map_id}]

    def key_usage(self) -> dict[str, Any]:
        """Return how hard the keys were used: `calls` (to the API), `most_in_window`
        (most arrivals of one key, by window), `too_many` (calls over the rate limit)
        and `statuses` (number of calls by status as a text). Calls answered with 429
        count in the first two as well.
        """
        return {
            "calls": len(self.call_log.calls()),
            "most_in_window": self.rate_limiter.peaks(),
            "too_many": self.rate_limiter.refused_count,
            "statuses": self.call_log.statuses(),
        }

    def save_progress(self) -> None:
        if self._state is not None:
            played = [self.activity.replies.number, self.activity.owner_changes.number]
            self._state.put("place", 1, played)

    def _log_event(self, kind: str, lead: FakeLead) -> CallLogEntry:
        entry = self.call_log.open(source="life", kind=kind)
        entry.map_id = lead.map_id
        self.record_change(entry)
        self.call_log.mark_ended(entry)
        return entry

    def _resume(self) -> bool:
        played = self._state.get("place") if self._state else None
        if self._state is None or played is None:
            return False
        self.store.load(self._state)
        self.activity.replies.number, self.activity.owner_changes.number = played
        last = max(
            (entry.applied_seq or 0 for entry in self.call_log.entries()), default=0
        )
        self.store.changes = count(last + 1)
        return True

    def _members_by_key(self, keys: Iterable[str] | dict[str, int]) -> dict[str, int]:
        if isinstance(keys, dict):
            return dict(keys)
        first = next(iter(self.store.members))
        return dict.fromkeys(keys, first)
