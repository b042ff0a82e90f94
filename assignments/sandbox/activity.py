"""Simulate what happens without Handoff: replies, answers, new categories and owners.

Nothing runs in the background. Before each call, the events that fell due since the
last one are played in order, each at its own time. The same seed and clock always give
the same events.
"""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from assignments.sandbox.conversations import CATEGORY_OF, FOLLOW_UPS, OPENINGS
from assignments.sandbox.records import FakeLead

if TYPE_CHECKING:
    from assignments.sandbox.fake_smartlead import FakeSmartlead

# After a long pause the rest is skipped: a week of replies would only be noise.
MAX_EVENTS_AT_ONCE = 200


class EventStream:
    """Events of one kind at random, seeded intervals."""

    def __init__(
        self, name: str, *, seed: int, act: Callable[[Random, float], None]
    ) -> None:
        self.number = 0
        self._name, self._seed, self._play = name, seed, act
        self._next_at: float | None = None

    def play_until(self, now: float, *, every: float) -> int:
        """Play the events due by `now`, each at its own time, and return how many that
        were. After MAX_EVENTS_AT_ONCE the rest is skipped.

        `every` is the mean interval in seconds; 0 or less means no events. The first
        call with an interval, or the first after one without, only sets the time of the
        next event, later than `now`.
        """
        if every <= 0:
            self._next_at = None
            return 0
        if self._next_at is None:
            self._next_at = now + self._gap(every)
        played = 0
        while self._next_at <= now and played < MAX_EVENTS_AT_ONCE:
            self._play(self._rng("act"), self._next_at)
            self.number += 1
            self._next_at += self._gap(every)
            played += 1
        if self._next_at <= now:
            self._next_at = now + self._gap(every)
        return played

    def _gap(self, every: float) -> float:
        return self._rng("gap").expovariate(1 / every)

    def _rng(self, purpose: str) -> Random:
        return Random(f"{self._seed}-{self._name}-{purpose}-{self.number}")


class Activity:
    def __init__(self, sandbox: "FakeSmartlead", *, seed: int) -> None:
        self._sandbox = sandbox
        self.replies = EventStream("replies", seed=seed, act=self._reply)
        self.owner_changes = EventStream(
            "outsiders", seed=seed, act=self._change_owner_outside
        )

    def catch_up(self) -> None:
        switches, now = self._sandbox.behaviour, self._sandbox.now()
        with self._sandbox.store.lock:
            lived = self.replies.play_until(now, every=switches.reply_every)
            lived += self.owner_changes.play_until(now, every=switches.outside_every)
        if lived:
            self._sandbox.save_progress()

    def _reply(self, rng: Random, at: float) -> None:
        """Add a reply to a random lead.

        With a chance of 0.4 our side also answers a random lead, if that has an
        unanswered reply; with 0.15 a random lead gets a random category. Without leads
        do nothing.
        """
        leads = list(self._sandbox.store.leads.values())
        if not leads:
            return
        self._sandbox.add_reply(rng.choice(leads).map_id, at=at, rng=rng)
        if rng.random() < 0.4:
            self._answer(rng.choice(leads), rng, at)
        if rng.random() < 0.15:
            self._change_category(rng.choice(leads), rng)

    def _answer(self, lead: FakeLead, rng: Random, at: float) -> None:
        if lead.last_reply_at and lead.last_reply_at > (lead.last_sent_at or 0):
            self._sandbox.add_sent_mail(lead, at=at, rng=rng)

    def _change_category(self, lead: FakeLead, rng: Random) -> None:
        category_id = rng.choice(list(self._sandbox.store.categories))
        self._sandbox.set_category(lead, category_id)

    def _change_owner_outside(self, rng: Random, at: float) -> None:
        store = self._sandbox.store
        if not store.leads:
            return
        lead = rng.choice(list(store.leads.values()))
        others = [member for member in store.members if member != lead.owner_id]
        self._sandbox.assign_outside(lead.map_id, rng.choice(others))


def next_situation(lead: FakeLead, rng: Random) -> str:
    choices = FOLLOW_UPS.get(lead.situation, tuple(OPENINGS))
    return rng.choice(choices)


def category_after(lead: FakeLead, situation: str) -> int | None:
    return CATEGORY_OF[situation] or lead.category_id
