"""The sandbox as a whole: one Smartlead account with its clock, limits and journal.

Tests hold a `World` and steer it by its methods; the control endpoints offer the same
over HTTP.
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
from assignments.sandbox.seed import fill
from assignments.sandbox.store import StateFile, Store
from assignments.sandbox.webhook_delivery import WebhookSender

DEFAULT_KEY = "sandbox-key"


class UnknownLead(Exception):
    pass


class FakeSmartlead:
    """`now` and the sizes count only for a new account: a state file keeps its own.

    Each key belongs to the first member, unless `keys` says otherwise.
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
        switches: Behaviour | None = None,
        faults: Iterable[Fault] = (),
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        hook_secret: str = "",
    ) -> None:
        self.now, self.sleep = clock, sleep
        self.switches = switches or Behaviour()
        self.limiter = ServerRateLimiter(limits, clock=ticks)
        self.faults = FaultQueue(faults, seed=seed)
        self._state = StateFile(state) if state else None
        self.account = Store(self._state)
        self.journal = CallLog(clock=clock, state=self._state)
        self.life = Activity(self, seed=seed)
        self.courier = WebhookSender(self, secret=hook_secret)
        if not self._resume():
            born = clock() if now is None else now
            fill(self.account, seed=seed, leads=leads, members=members, now=born)
            self.account.keep_all()
            self.keep_place()
        self.keys = self._with_members(keys)

    def close(self) -> None:
        if self._state is not None:
            self._state.close()

    # What a call needs.

    def member_of(self, key: str) -> int | None:
        return self.keys.get(key)

    def shown_owner(self, call: Call, lead: FakeLead) -> int | None:
        """The owner as this call sees it: lists may lag, the single thread does not."""
        if call.entry.kind != "list":
            return lead.owner_id
        lag = self.switches.list_lag
        if call.fault is not None and call.fault.kind == FaultKind.STALE:
            lag = max(lag, call.fault.seconds)
        return lead.owner_at(self.now() - lag) if lag else lead.owner_id

    def move(
        self, lead: FakeLead, member_id: int | None, *, entry: CallLogEntry
    ) -> None:
        with self.account.lock:
            before = self.account.set_owner(lead, member_id, at=self.now())
            entry.map_id, entry.member_id = lead.map_id, member_id
            entry.owner_before, entry.owner_after = before, member_id
            self.applied(entry)

    def applied(self, entry: CallLogEntry) -> None:
        with self.account.lock:
            self.journal.applied(entry, next(self.account.changes))

    # What happens without Handoff.

    def assign_outside(self, map_id: int, member_id: int | None) -> CallLogEntry:
        """Somebody changes the owner in Smartlead itself; any id will do."""
        with self.account.lock:
            lead = self.lead(map_id)
            entry = self.journal.open(source="outside", kind="owner")
            self.move(lead, member_id, entry=entry)
            self.journal.end(entry)
        return entry

    def add_reply(
        self,
        map_id: int,
        *,
        at: float | None = None,
        text: str | None = None,
        rng: Random | None = None,
    ) -> CallLogEntry:
        with self.account.lock:
            lead = self.lead(map_id)
            rng = rng or Random(f"{map_id}-{len(lead.messages)}")
            situation = next_situation(lead, rng)
            writer = ConversationWriter(
                lead, self.account.campaigns[lead.campaign_id], rng=rng
            )
            moment = round(self.now() if at is None else at, 3)
            message = writer.reply(situation, at=moment, text=text)
            before = lead.category_id
            lead.situation, lead.is_unread = situation, True
            lead.category_id = category_after(lead, situation)
            self.account.add_message(lead, message)
            self.courier.replied(lead, message)
            self.courier.categorised(lead, before)
            return self._lived("reply", lead)

    def add_answer(self, lead: FakeLead, *, at: float, rng: Random) -> CallLogEntry:
        """Our side answers from within Smartlead."""
        with self.account.lock:
            writer = ConversationWriter(
                lead, self.account.campaigns[lead.campaign_id], rng=rng
            )
            message = writer.answer(lead.situation, at=round(at, 3))
            lead.is_unread = False
            self.account.add_message(lead, message)
            self.courier.sent(lead, message)
            return self._lived("sent", lead)

    def categorise(self, lead: FakeLead, category_id: int | None) -> CallLogEntry:
        with self.account.lock:
            before, lead.category_id = lead.category_id, category_id
            self.account.keep("leads", lead.map_id)
            self.courier.categorised(lead, before)
            return self._lived("category", lead)

    def archive(self, map_id: int) -> CallLogEntry:
        with self.account.lock:
            lead = self.lead(map_id)
            lead.is_archived = True
            self.account.keep("leads", map_id)
            return self._lived("archived", lead)

    def vanish(self, map_id: int) -> CallLogEntry:
        """The lead is deleted: no list, no thread, no write knows it any more."""
        with self.account.lock:
            lead = self.lead(map_id)
            self.account.remove(lead)
            return self._lived("vanished", lead)

    def hook_up(self, url: str, *, name: str, events: list[str]) -> None:
        """A webhook of the whole account, in place of the one of that name."""
        with self.account.lock:
            old = [hook for hook in self.account.hooks.values() if hook.name == name]
            for hook in old:
                self.account.drop_hook(hook.id)
            self.account.add_hook(name=name, url=url, level="user", events=events)

    def set_switches(self, **changes: Any) -> None:
        self.switches = self.switches.changed(**changes)

    # What tests and benchmarks look at.

    def lead(self, map_id: int) -> FakeLead:
        try:
            return self.account.leads[map_id]
        except KeyError:
            raise UnknownLead(f"There is no lead {map_id}.") from None

    def owner(self, map_id: int) -> int | None:
        return self.lead(map_id).owner_id

    def owners(self) -> dict[int, int | None]:
        with self.account.lock:
            return {key: lead.owner_id for key, lead in self.account.leads.items()}

    def notes(self, map_id: int | None = None) -> list[FakeNote]:
        with self.account.lock:
            notes = list(self.account.notes.values())
        return [note for note in notes if map_id in {None, note.map_id}]

    def verdict(self) -> dict[str, Any]:
        """How hard the key was used. Calls answered 429 count among the arrivals."""
        return {
            "calls": len(self.journal.calls()),
            "most_in_window": self.limiter.peaks(),
            "too_many": self.limiter.too_many,
            "statuses": self.journal.statuses(),
        }

    def keep_place(self) -> None:
        if self._state is not None:
            played = [self.life.replies.number, self.life.outsiders.number]
            self._state.put("place", 1, played)

    def _lived(self, kind: str, lead: FakeLead) -> CallLogEntry:
        entry = self.journal.open(source="life", kind=kind)
        entry.map_id = lead.map_id
        self.applied(entry)
        self.journal.end(entry)
        return entry

    def _resume(self) -> bool:
        played = self._state.get("place") if self._state else None
        if self._state is None or played is None:
            return False
        self.account.load(self._state)
        self.life.replies.number, self.life.outsiders.number = played
        last = max(
            (entry.applied_seq or 0 for entry in self.journal.entries()), default=0
        )
        self.account.changes = count(last + 1)
        return True

    def _with_members(self, keys: Iterable[str] | dict[str, int]) -> dict[str, int]:
        if isinstance(keys, dict):
            return dict(keys)
        first = next(iter(self.account.members))
        return dict.fromkeys(keys, first)
