"""Keep the long-running parts of Handoff alive, and end them without a trace.

Each part leads a session of its own. To stop one, only its own pid is asked: the
cluster of django-q2 hangs for ever when SIGTERM reaches its whole group. What is left
of the group after that is killed. A part that ends or falls silent is started anew.
"""

import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_Handler = Callable[[int, FrameType | None], object] | int | None
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedProcess:
    """One long-running program.

    `quiet_for` returns the seconds since it last gave a sign of life; with more than
    `stale_after` it is replaced, unless it was started more recently than that.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    log: Path | None = None
    quiet_for: Callable[[], float] | None = None
    stale_after: float = math.inf


class _Child:
    """A part and the process that runs it now, if one does."""

    def __init__(self, part: ManagedProcess) -> None:
        self.part = part
        self.failures = 0
        self.spawn()

    def spawn(self) -> None:
        self.started = time.monotonic()
        self.start_again_at: float | None = None
        self.process = _spawn(self.part)

    @property
    def lived(self) -> float:
        return time.monotonic() - self.started

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def is_silent(self) -> bool:
        if self.part.quiet_for is None or self.lived <= self.part.stale_after:
            return False
        return self.part.quiet_for() > self.part.stale_after

    def ask_to_stop(self) -> None:
        if not self.has_ended():
            self.process.terminate()

    def kill_group(self) -> None:
        """Kill what is left of the part, also what outlived its first process, and wait
        for that one.
        """
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Starts and restarts parts. Use as a context: leaving it stops every part.

    Durations are in seconds. `on_listen` is called every `listen_every`, before silent
    parts are looked for.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], None],
        patience: float = 10,
        longest_pause: float = 30,
        look_every: float = 0.2,
        listen_every: float = 5,
        on_listen: Callable[[], None] = lambda: None,
    ) -> None:
        self._say = say
        self._patience = patience
        self._longest_pause = longest_pause
        self._look_every = look_every
        self._listen_every = listen_every
        self._on_listen = on_listen
        self._children: list[_Child] = []
        self._handlers: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        for number in _STOPPING:
            self._handlers[number] = signal.signal(number, _leave)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in _STOPPING:  # asked a second time: no more patience
            signal.signal(number, self._lose_patience)
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, part: ManagedProcess) -> None:
        self._children.append(_Child(part))

    def pids(self) -> dict[str, int]:
        """Return the process ids by the name of the part, as last started."""
        return {child.part.name: child.process.pid for child in self._children}

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Restart parts that end or fall silent, until `until` returns True.

        A restart comes after 1, 2, 4 … seconds, more with each failure in a row, at
        most `longest_pause`, and is said. A signal to stop raises SystemExit(0).
        """
        listen_at = 0.0
        while not until():
            listening = time.monotonic() >= listen_at
            if listening:
                listen_at = time.monotonic() + self._listen_every
                self._on_listen()
            for child in self._children:
                self._look_after(child, listening=listening)
            time.sleep(self._look_every)

    def stop(self) -> None:
        """Ask each part to end, the last started first, and wait for it; kill what is
        left.

        All of them together have `patience` seconds. No part is kept afterwards.
        """
        give_up_at = time.monotonic() + self._patience
        for child in reversed(self._children):
            child.ask_to_stop()
            while not child.has_ended() and time.monotonic() < give_up_at:
                if self._patience == 0:
                    break
                time.sleep(0.05)
            child.kill_group()
        self._children.clear()

    def _look_after(self, child: _Child, *, listening: bool) -> None:
        if child.start_again_at is not None:
            if time.monotonic() >= child.start_again_at:
                child.spawn()
        elif child.has_ended():
            self._replace(child, f"ended with code {child.process.returncode}")
        elif listening and child.is_silent():
            self._replace(child, "gave no sign of life")

    def _replace(self, child: _Child, what_happened: str) -> None:
        lived_well = child.lived > 2 * self._longest_pause
        child.kill_group()
        child.failures = 1 if lived_well else child.failures + 1
        pause = min(self._longest_pause, 2.0 ** (child.failures - 1))
        child.start_again_at = time.monotonic() + pause
        self._say(
            f"The {child.part.name} {what_happened}; starting it anew in {pause:g} s."
        )

    def _lose_patience(self, number: int, frame: FrameType | None) -> None:
        self._patience = 0


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)  # being told to stop is no failure


# There are no threads here that preexec_fn could meet in the middle of something.
def _spawn(part: ManagedProcess) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    log: IO[bytes] | None = part.log.open("ab") if part.log else None
    try:
        return subprocess.Popen(
            part.command,
            env=None if part.environment is None else dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509
        )
    finally:
        if log:
            log.close()


def _end_with(parent: int) -> None:
    """Have SIGTERM sent to the calling child process when the supervisor, `parent`,
    dies.

    Ends the process with code 1 if it is dead already. Only on Linux; else nothing.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)
