"""Strikes the actors from outside: SIGKILL, and SIGSTOP with a SIGCONT some time later.

At random times, and at each named step of sending: there the actor waits for leave, and
is struck instead.
"""

import heapq
import json
import os
import selectors
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.trials.control_socket import GO

STEPS = (
    "claimed",
    "reading",
    "read",
    "stamped",
    "calling",
    "answered",
    "recorded",
    "settled",
    "note stamped",
    "note calling",
    "note answered",
    "notes read",
    "list read",
    "chunk written",
)
# Who is struck at any time, by the beginning of the name, and how often.
MEANT = {"worker": 1.0, "mirror": 0.5, "managers": 0.2}
STOPS = {0.02: 4, 0.1: 3, 0.3: 2, 1.0: 1}  # of the longest stop: how often
NEXT_STRIKE = 0.3  # mean seconds between two strikes at steps, and two at random times
PATIENCE = 1.0  # how long to wait for a step that nobody takes


@dataclass(frozen=True, slots=True)
class Said:
    """What an actor said, or what was done to it."""

    at: float
    who: str
    what: str
    details: dict[str, Any]


@dataclass(slots=True)
class Actor:
    line: socket.socket
    who: str = ""
    pid: int = 0
    heard: bytes = b""
    waits: bool = False
    is_stopped: bool = False
    was_killed: bool = False


@dataclass
class Killer:
    address: Path
    rng: Random
    longest_stop: float
    respawn: Callable[[str], None]
    slower: float = 1.0  # than at the scale for which these times were chosen
    diary: list[Said] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    finished: set[str] = field(default_factory=set)
    is_striking: bool = False

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(self.address))
        self._door.listen(32)
        self._selector.register(self._door, selectors.EVENT_READ)
        self._actors: dict[int, Actor] = {}
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = iter(range(10**9))
        self._retired: set[str] = set()
        self._target = ""

    # ── Time ────────────────────────────────────────────────────────────────────
    def work(self, *, seconds: float, until_finished: str = "") -> bool:
        """Serve the line; whether the one waited for has finished in time."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if until_finished in self.finished:
                return True
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()
            due = self._later[0][0] if self._later else end
            for key, _ in self._selector.select(max(0.0, min(due, end) - now)):
                self._serve(key.fd)
        return not until_finished

    def begin_striking(self) -> None:
        self.is_striking = True
        self._strike_somebody()
        self._choose_step()

    def end_striking(self) -> None:
        self.is_striking, self._target = False, ""

    def retire(self, who: str) -> None:
        """This one's part is over; it is not replaced."""
        self._retired.add(who)
        for actor in self._named(who):
            self._kill(actor)

    def close(self) -> None:
        for actor in list(self._actors.values()):
            self._kill(actor)
            self._forget(actor)
        self._selector.close()
        self._door.close()

    def _in(self, seconds: float, act: Callable[[], None]) -> None:
        at = time.monotonic() + seconds
        heapq.heappush(self._later, (at, next(self._numbers), act))

    # ── The line ────────────────────────────────────────────────────────────────
    def _serve(self, fd: int) -> None:
        if fd == self._door.fileno():
            line, _ = self._door.accept()
            self._actors[line.fileno()] = Actor(line)
            self._selector.register(line, selectors.EVENT_READ)
            return
        actor = self._actors[fd]
        heard = self._listen(actor)
        if not heard:
            self._lose(actor)
            return
        *messages, actor.heard = (actor.heard + heard).split(b"\n")
        for message in messages:
            self._take(actor, json.loads(message))

    def _listen(self, actor: Actor) -> bytes:
        try:
            return actor.line.recv(65536)
        except ConnectionError:
            return b""

    def _take(self, actor: Actor, message: dict[str, Any]) -> None:
        match message.pop("said"):
            case "hello":
                actor.who, actor.pid = message["who"], message["pid"]
            case "step":
                self._take_step(actor, message)
            case "finished":
                self.finished.add(actor.who)
            case said:
                self._note(actor, said, **message)

    def _take_step(self, actor: Actor, message: dict[str, Any]) -> None:
        actor.waits = True
        step = message.pop("step")
        self._note(actor, step, **message)
        if self.is_striking and step == self._target:
            self._target = ""
            self._in(self._until_next(), self._choose_step)
            self._strike(actor, step)
        else:
            self._let_go(actor)

    def _let_go(self, actor: Actor) -> None:
        if actor.waits and not actor.is_stopped and not actor.was_killed:
            actor.waits = False
            self._note(actor, "goes on")
            try:
                actor.line.sendall(GO)
            except ConnectionError:
                return

    def _lose(self, actor: Actor) -> None:
        self._forget(actor)
        if actor.who in self._retired or actor.who in self.finished:
            return
        if not actor.was_killed:
            self._note(actor, "left by itself")
        who = actor.who
        self._in(self.rng.uniform(0, 0.3), lambda: self._replace(who))

    def _replace(self, who: str) -> None:
        if who not in self._retired:
            self.respawn(who)

    def _forget(self, actor: Actor) -> None:
        self._selector.unregister(actor.line)
        del self._actors[actor.line.fileno()]
        actor.line.close()

    def _named(self, who: str) -> list[Actor]:
        return [actor for actor in self._actors.values() if actor.who == who]

    def _note(self, actor: Actor, what: str, **details: Any) -> None:
        who = f"{actor.who}/{actor.pid}"
        self.diary.append(Said(time.time(), who, what, details))

    # ── Striking ────────────────────────────────────────────────────────────────
    def _choose_step(self) -> None:
        if self.is_striking:
            step = self._target = self.rng.choice(STEPS)
            self._in(PATIENCE * self.slower, lambda: self._give_up(step))

    def _give_up(self, step: str) -> None:
        if self._target == step:
            self._choose_step()

    def _strike_somebody(self) -> None:
        if not self.is_striking:
            return
        self._in(self._until_next(), self._strike_somebody)
        actors = list(self._actors.values())
        weights = [MEANT.get(actor.who.partition("-")[0], 0.0) for actor in actors]
        if any(weights):
            (actor,) = self.rng.choices(actors, weights)
            self._strike(actor, "any time")

    def _until_next(self) -> float:
        return self.rng.expovariate(1 / NEXT_STRIKE) * self.slower

    def _strike(self, actor: Actor, step: str) -> None:
        if actor.is_stopped or actor.was_killed:
            return
        if self.rng.random() < 0.5:
            self.strikes[f"killed at {step}"] += 1
            self._kill(actor)
        else:
            self.strikes[f"stopped at {step}"] += 1
            self._stop(actor, self._stop_time())

    def _stop_time(self) -> float:
        (share,) = self.rng.choices(list(STOPS), list(STOPS.values()))
        return share * self.longest_stop * self.rng.uniform(0.7, 1.0)

    def _kill(self, actor: Actor) -> None:
        self._note(actor, "killed")
        actor.was_killed = True
        self._signal(actor, signal.SIGKILL)

    def _stop(self, actor: Actor, seconds: float) -> None:
        self._note(actor, "stopped", seconds=round(seconds, 2))
        actor.is_stopped = True
        self._signal(actor, signal.SIGSTOP)
        self._in(seconds, lambda: self._wake(actor))

    def _wake(self, actor: Actor) -> None:
        if actor.was_killed or actor.line.fileno() not in self._actors:
            return
        actor.is_stopped = False
        self._note(actor, "woken")
        self._signal(actor, signal.SIGCONT)
        self._let_go(actor)

    def _signal(self, actor: Actor, number: signal.Signals) -> None:
        try:
            os.kill(actor.pid, number)
        except ProcessLookupError:
            return  # it has just left; its line says so
