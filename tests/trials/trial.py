"""One run: an office on a fresh database, a sandbox, actors, and somebody who kills them.

All of them are separate processes. The verdict comes afterwards, from what the sandbox
saw and what the ledger says.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.trials.databases import ROOT, Databases, environment, manage
from tests.trials.outside_changes import get, post
from tests.trials.process_killer import Killer
from tests.trials.sandbox_conditions import Weather, forecast
from tests.trials.trial_record import Evidence

SCALE = 0.05
LEADS = 16
MEMBERS = 6
LONGEST_STOP = 4.5  # seconds; longer than any lease at this scale
SETTLED_WITHIN = 300.0  # on a busy machine; most take a few seconds
PLENTY = "10000/1s"
ROLES: dict[str, dict[str, Any]] = {
    "worker-1": {"role": "dispatch_worker", "is_seated": False},
    "worker-2": {"role": "dispatch_worker", "is_seated": False},
    "worker-3": {"role": "dispatch_worker", "is_seated": True},
    "worker-4": {"role": "dispatch_worker", "is_seated": True},
    "mirror": {"role": "sync_worker"},
    "managers": {"role": "manager_actions", "every": 0.1},
    "outsider": {"role": "outside_changes", "every": 0.4},
}


class TrialFailed(Exception):
    """The trial itself could not be held."""


def hold(databases: Databases, *, seed: int, seconds: float) -> Evidence:
    """Hold one trial; everything random in it comes from the seed, but for timing."""
    rng = Random(seed)
    weather = forecast(rng)
    url = databases.fresh(f"run_{seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox(seed, weather) as address,
        ):
            stage = Stage(Path(folder), url, address, rng)
            with stage.opened():
                return stage.perform(weather, seed=seed, seconds=seconds)
    finally:
        databases.drop(url)


@contextmanager
def sandbox(seed: int, weather: Weather, *, leads: int = LEADS) -> Iterator[str]:
    flags = {"seed": seed, "leads": leads, "members": MEMBERS, "port": 0, "life": 0}
    words = [
        word for name, value in flags.items() for word in (f"--{name}", str(value))
    ]
    command = manage("sandbox", "--rate", PLENTY, *words, *weather.flags)
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment("sqlite:///:memory:"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        yield said.partition(": ")[2].strip().removesuffix("/api/v1")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _is_under_way(call: dict[str, Any]) -> bool:
    """A hung write; what a dead worker asked and nobody answers changes nothing."""
    return call["fault"] is not None and call["ended_at"] is None


class Stage:
    roles = ROLES
    longest_stop = LONGEST_STOP
    settled_within = SETTLED_WITHIN

    def __init__(
        self,
        folder: Path,
        url: str,
        sandbox: str,
        rng: Random,
        *,
        scale: float = SCALE,
    ) -> None:
        self.folder, self.sandbox, self.rng = folder, sandbox, rng
        self.environment = environment(
            url,
            SMARTLEAD_BASE_URL=f"{sandbox}/api/v1",
            SMARTLEAD_RATE_LIMITS="200/2s",
            TIME_SCALE=str(scale),
        )
        self.parts = {who: dict(wish) for who, wish in self.roles.items()}
        self.starts = 0
        self.killer = Killer(
            address=folder / "line",
            rng=rng,
            longest_stop=self.longest_stop * scale / SCALE,
            slower=scale / SCALE,
            respawn=self.enter,
        )

    @contextmanager
    def opened(self) -> Iterator[None]:
        command = [
            sys.executable,
            "-m",
            "tests.trials.fork_server",
            str(self.folder / "line"),
        ]
        with (self.folder / "stderr").open("w") as stderr:
            self.nursery = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        try:
            yield
        finally:
            self.killer.close()
            self.nursery.kill()
            self.nursery.wait()
            assert self.nursery.stdin is not None
            self.nursery.stdin.close()

    def perform(self, weather: Weather, *, seed: int, seconds: float) -> Evidence:
        ours = sorted(member["id"] for member in get(self.sandbox, "state")["members"])
        self.clerk("open", members=ours, unknown_every=6)
        self._cast(ours, seed)
        post(self.sandbox, "faults", faults=weather.faults)
        for who in ROLES:
            self.enter(who)
        self.killer.begin_striking()
        self.killer.work(seconds=seconds)
        self.await_a_strike()
        self.killer.end_striking()
        post(self.sandbox, "faults", clear=True)
        for who in ("managers", "outsider", "mirror"):
            self.killer.retire(who)
        self.await_hung_calls()
        return self.close_books(weather)

    def enter(self, who: str) -> None:
        """A new process plays this part, from the beginning."""
        self.starts += 1
        wish = self.parts[who]
        if "seed" in wish:
            # Who takes over after a death goes on elsewhere, and names new strangers.
            wish |= {"seed": f"{wish['seed']}+"}
        if "first" in wish:
            wish |= {"first": self.starts * 10_000}
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(json.dumps({"who": who, **wish}) + "\n")
        self.nursery.stdin.flush()

    def await_a_strike(self) -> None:
        """On a busy machine the actors may hardly have begun."""
        give_up_at = time.monotonic() + SETTLED_WITHIN
        while not self.killer.strikes and time.monotonic() < give_up_at:
            self.killer.work(seconds=0.2)

    def await_hung_calls(self) -> None:
        """The books are true only once the last late write has landed."""
        give_up_at = time.monotonic() + SETTLED_WITHIN
        while any(_is_under_way(call) for call in get(self.sandbox, "journal")):
            if time.monotonic() > give_up_at:
                raise TrialFailed("The sandbox still has a call under way.")
            time.sleep(0.2)

    def _cast(self, ours: list[int], seed: int) -> None:
        (leads,) = (
            said.details["leads"]
            for said in self.killer.diary
            if said.what == "mirrored"
        )
        self.parts["managers"] |= {"seed": f"{seed}-managers", "members": ours}
        self.parts["outsider"] |= {
            "seed": f"{seed}-outsider",
            "sandbox": self.sandbox,
            "leads": leads,
            "first": 0,
        }

    def clerk(self, act: str, **details: Any) -> None:
        who = f"clerk, {act}"
        self.parts[who] = {"role": "trial_steps", "act": act, **details}
        self.enter(who)
        if not self.killer.work(seconds=self.settled_within + 15, until_finished=who):
            raise TrialFailed(f"The {who}, did not finish.\n{self._last_words()}")

    def close_books(self, weather: Weather) -> Evidence:
        books = self.folder / "books.json"
        self.clerk("close", within=self.settled_within, path=str(books))
        for who in self.roles:
            self.killer.retire(who)
        return Evidence.gather(
            journal=get(self.sandbox, "journal"),
            state=get(self.sandbox, "state"),
            books=json.loads(books.read_text()),
            diary=self.killer.diary,
            strikes=self.killer.strikes,
            notes_are_readable=weather.notes == "readable",
            people_are_named=weather.shape == "flat",
        )

    def _last_words(self) -> str:
        failures = [said for said in self.killer.diary if said.what == "failed"]
        traces = [f"{said.who}: {said.details['trace']}" for said in failures[-3:]]
        return "\n".join([*traces, (self.folder / "stderr").read_text()[-3000:]])
