"""Strikes the processes of a trial: SIGKILL, or SIGSTOP with a SIGCONT some time later.

It does so at random times, and at each named step of sending: there the process asks for
permission, and is struck instead.
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
# Which processes are struck at random times, by the beginning of the name; how often.
STRIKE_WEIGHTS = {"worker": 1.0, "mirror": 0.5, "managers": 0.2}
STOP_WEIGHTS = {0.02: 4, 0.1: 3, 0.3: 2, 1.0: 1}  # of the longest stop: how often
STRIKE_INTERVAL = (
    0.3  # mean seconds between two strikes at steps, and two at random times
)
STEP_TIMEOUT = 1.0  # seconds to wait for a process that takes the chosen step


@dataclass(frozen=True, slots=True)
class TrialEvent:
    """A message of a process, or what was done to it; `at` in seconds since the epoch."""

    at: float
    who: str
    what: str
    details: dict[str, Any]


@dataclass(slots=True)
class TrialProcess:
    connection: socket.socket
    who: str = ""
    pid: int = 0
    received: bytes = b""
    is_waiting: bool = False
    is_stopped: bool = False
    was_killed: bool = False


@dataclass
class ProcessKiller:
    address: Path
    rng: Random
    longest_stop: float
    restart: Callable[[str], None]
    slowdown: float = 1.0  # than at the scale for which these times were chosen
    events: list[TrialEvent] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    finished: set[str] = field(default_factory=set)
    is_striking: bool = False

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.address))
        self._listener.listen(32)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._processes: dict[int, TrialProcess] = {}
        self._scheduled: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = iter(range(10**9))
        self._retired: set[str] = set()
        self._target = ""

    # ── Running ─────────────────────────────────────────────────────────────────
    def serve(self, *, seconds: float, until_finished: str = "") -> bool:
        """Handle messages and strikes for so long, or until that process has finished.

        Return False if it has not finished in time.
        """
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if until_finished in self.finished:
                return True
            while self._scheduled and self._scheduled[0][0] <= now:
                heapq.heappop(self._scheduled)[2]()
            due = self._scheduled[0][0] if self._scheduled else end
            for key, _ in self._selector.select(max(0.0, min(due, end) - now)):
                self._serve(key.fd)
        return not until_finished

    def start_striking(self) -> None:
        self.is_striking = True
        self._strike_random_process()
        self._choose_step()

    def stop_striking(self) -> None:
        self.is_striking, self._target = False, ""

    def retire(self, who: str) -> None:
        """Kill the processes of this name and do not restart them."""
        self._retired.add(who)
        for process in self._processes_named(who):
            self._kill(process)

    def close(self) -> None:
        for process in list(self._processes.values()):
            self._kill(process)
            self._forget(process)
        self._selector.close()
        self._listener.close()

    def _schedule(self, seconds: float, act: Callable[[], None]) -> None:
        at = time.monotonic() + seconds
        heapq.heappush(self._scheduled, (at, next(self._numbers), act))

    # ── Messages ─────────────────────────────────────────────────────────────────
    def _serve(self, fd: int) -> None:
        if fd == self._listener.fileno():
            connection, _ = self._listener.accept()
            self._processes[connection.fileno()] = TrialProcess(connection)
            self._selector.register(connection, selectors.EVENT_READ)
            return
        process = self._processes[fd]
        received = self._receive(process)
        if not received:
            self._handle_disconnect(process)
            return
        *messages, process.received = (process.received + received).split(b"\n")
        for message in messages:
            self._handle_message(process, json.loads(message))

    def _receive(self, process: TrialProcess) -> bytes:
        try:
            return process.connection.recv(65536)
        except ConnectionError:
            return b""

    def _handle_message(self, process: TrialProcess, message: dict[str, Any]) -> None:
        match message.pop("said"):
            case "hello":
                process.who, process.pid = message["who"], message["pid"]
            case "step":
                self._handle_step(process, message)
            case "finished":
                self.finished.add(process.who)
            case said:
                self._log(process, said, **message)

    def _handle_step(self, process: TrialProcess, message: dict[str, Any]) -> None:
        process.is_waiting = True
        step = message.pop("step")
        self._log(process, step, **message)
        if self.is_striking and step == self._target:
            self._target = ""
            self._schedule(self._next_interval(), self._choose_step)
            self._strike(process, step)
        else:
            self._allow_step(process)

    def _allow_step(self, process: TrialProcess) -> None:
        if process.is_waiting and not process.is_stopped and not process.was_killed:
            process.is_waiting = False
            self._log(process, "goes on")
            try:
                process.connection.sendall(GO)
            except ConnectionError:
                return

    def _handle_disconnect(self, process: TrialProcess) -> None:
        self._forget(process)
        if process.who in self._retired or process.who in self.finished:
            return
        if not process.was_killed:
            self._log(process, "left by itself")
        who = process.who
        self._schedule(self.rng.uniform(0, 0.3), lambda: self._replace(who))

    def _replace(self, who: str) -> None:
        if who not in self._retired:
            self.restart(who)

    def _forget(self, process: TrialProcess) -> None:
        self._selector.unregister(process.connection)
        del self._processes[process.connection.fileno()]
        process.connection.close()

    def _processes_named(self, who: str) -> list[TrialProcess]:
        return [process for process in self._processes.values() if process.who == who]

    def _log(self, process: TrialProcess, what: str, **details: Any) -> None:
        who = f"{process.who}/{process.pid}"
        self.events.append(TrialEvent(time.time(), who, what, details))

    # ── Striking ────────────────────────────────────────────────────────────────
    def _choose_step(self) -> None:
        if self.is_striking:
            step = self._target = self.rng.choice(STEPS)
            self._schedule(
                STEP_TIMEOUT * self.slowdown, lambda: self._stop_waiting_for(step)
            )

    def _stop_waiting_for(self, step: str) -> None:
        if self._target == step:
            self._choose_step()

    def _strike_random_process(self) -> None:
        if not self.is_striking:
            return
        self._schedule(self._next_interval(), self._strike_random_process)
        processes = list(self._processes.values())
        weights = [
            STRIKE_WEIGHTS.get(process.who.partition("-")[0], 0.0)
            for process in processes
        ]
        if any(weights):
            (process,) = self.rng.choices(processes, weights)
            self._strike(process, "any time")

    def _next_interval(self) -> float:
        return self.rng.expovariate(1 / STRIKE_INTERVAL) * self.slowdown

    def _strike(self, process: TrialProcess, step: str) -> None:
        if process.is_stopped or process.was_killed:
            return
        if self.rng.random() < 0.5:
            self.strikes[f"killed at {step}"] += 1
            self._kill(process)
        else:
            self.strikes[f"stopped at {step}"] += 1
            self._stop(process, self._stop_time())

    def _stop_time(self) -> float:
        (share,) = self.rng.choices(list(STOP_WEIGHTS), list(STOP_WEIGHTS.values()))
        return share * self.longest_stop * self.rng.uniform(0.7, 1.0)

    def _kill(self, process: TrialProcess) -> None:
        self._log(process, "killed")
        process.was_killed = True
        self._signal(process, signal.SIGKILL)

    def _stop(self, process: TrialProcess, seconds: float) -> None:
        self._log(process, "stopped", seconds=round(seconds, 2))
        process.is_stopped = True
        self._signal(process, signal.SIGSTOP)
        self._schedule(seconds, lambda: self._resume(process))

    def _resume(self, process: TrialProcess) -> None:
        if process.was_killed or process.connection.fileno() not in self._processes:
            return
        process.is_stopped = False
        self._log(process, "resumed")
        self._signal(process, signal.SIGCONT)
        self._allow_step(process)

    def _signal(self, process: TrialProcess, number: signal.Signals) -> None:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return  # it has just exited; its connection ends
