"""Time passes: replies come in, answers go out, categories and owners change.

Nothing runs by itself. Before each call the sandbox lives through what fell due since
the last one, in order and with its own moments, so the same seed and clock tell the
same story.
"""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from assignments.sandbox.conversations import CATEGORY_OF, FOLLOW_UPS, OPENINGS
from assignments.sandbox.records import FakeLead

if TYPE_CHECKING:
    from assignments.sandbox.fake_smartlead import FakeSmartlead

# After a long sleep the backlog is cut: a week of replies would only be noise.
MOST_AT_ONCE = 200


class EventStream:
    """Events of one sort, at random but seeded intervals."""

    def __init__(
        self, name: str, *, seed: int, act: Callable[[Random, float], None]
    ) -> None:
        self.number = 0
        self._name, self._seed, self._act = name, seed, act
        self._next_at: float | None = None

    def live_until(self, now: float, *, every: float) -> int:
        """Play what fell due; `every` is the mean interval, 0 for a still life."""
        if every <= 0:
            self._next_at = None
            return 0
        if self._next_at is None:
            self._next_at = now + self._gap(every)
        played = 0
        while self._next_at <= now and played < MOST_AT_ONCE:
            self._act(self._rng("act"), self._next_at)
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
    def __init__(self, world: "FakeSmartlead", *, seed: int) -> None:
        self._world = world
        self.replies = EventStream("replies", seed=seed, act=self._reply)
        self.outsiders = EventStream("outsiders", seed=seed, act=self._meddle)

    def catch_up(self) -> None:
        switches, now = self._world.switches, self._world.now()
        with self._world.account.lock:
            lived = self.replies.live_until(now, every=switches.reply_every)
            lived += self.outsiders.live_until(now, every=switches.outside_every)
        if lived:
            self._world.keep_place()

    def _reply(self, rng: Random, at: float) -> None:
        """A reply; now and then our side answers one, or a category changes."""
        leads = list(self._world.account.leads.values())
        if not leads:
            return
        self._world.add_reply(rng.choice(leads).map_id, at=at, rng=rng)
        if rng.random() < 0.4:
            self._answer(rng.choice(leads), rng, at)
        if rng.random() < 0.15:
            self._sort(rng.choice(leads), rng)

    def _answer(self, lead: FakeLead, rng: Random, at: float) -> None:
        if lead.last_reply_at and lead.last_reply_at > (lead.last_sent_at or 0):
            self._world.add_answer(lead, at=at, rng=rng)

    def _sort(self, lead: FakeLead, rng: Random) -> None:
        category_id = rng.choice(list(self._world.account.categories))
        self._world.categorise(lead, category_id)

    def _meddle(self, rng: Random, at: float) -> None:
        account = self._world.account
        if not account.leads:
            return
        lead = rng.choice(list(account.leads.values()))
        others = [member for member in account.members if member != lead.owner_id]
        self._world.assign_outside(lead.map_id, rng.choice(others))


def next_situation(lead: FakeLead, rng: Random) -> str:
    choices = FOLLOW_UPS.get(lead.situation, tuple(OPENINGS))
    return rng.choice(choices)


def category_after(lead: FakeLead, situation: str) -> int | None:
    return CATEGORY_OF[situation] or lead.category_id
