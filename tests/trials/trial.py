"""A trial: processes that work on one database and one sandbox while they are killed.

Each is a process of its own. Rules are checked afterwards, from what the sandbox saw and
what the ledger says.
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

from tests.trials.databases import (
    ROOT,
    TrialDatabases,
    manage_command,
    process_environment,
)
from tests.trials.process_killer import ProcessKiller
from tests.trials.sandbox_conditions import SandboxConditions, random_conditions
from tests.trials.sandbox_control import get, post
from tests.trials.trial_record import TrialRecord

SCALE = 0.05
LEADS = 16
MEMBERS = 6
LONGEST_STOP = 4.5  # seconds; longer than any lease at this scale
SETTLED_WITHIN = 300.0  # on a busy machine; most take a few seconds
UNLIMITED_RATE = "10000/1s"
PROCESSES: dict[str, dict[str, Any]] = {
    "worker-1": {"role": "dispatch_worker", "is_seated": False},
    "worker-2": {"role": "dispatch_worker", "is_seated": False},
    "worker-3": {"role": "dispatch_worker", "is_seated": True},
    "worker-4": {"role": "dispatch_worker", "is_seated": True},
    "mirror": {"role": "sync_worker"},
    "managers": {"role": "manager_actions", "every": 0.1},
    "outsider": {"role": "outside_changes", "every": 0.4},
}


class TrialFailed(Exception):
    """The trial itself could not be run."""


def run_trial(databases: TrialDatabases, *, seed: int, seconds: float) -> TrialRecord:
    """Run one trial; everything random in it comes from the seed, but for timing."""
    rng = Random(seed)
    conditions = random_conditions(rng)
    url = databases.fresh(f"run_{seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox_process(seed, conditions) as address,
        ):
            trial = Trial(Path(folder), url, address, rng)
            with trial.running_fork_server():
                return trial.run(conditions, seed=seed, seconds=seconds)
    finally:
        databases.drop(url)


@contextmanager
def sandbox_process(
    seed: int, conditions: SandboxConditions, *, leads: int = LEADS
) -> Iterator[str]:
    """Yield the address of a sandbox that runs for the length of the block."""
    flags = {"seed": seed, "leads": leads, "members": MEMBERS, "port": 0, "life": 0}
    words = [
        word for name, value in flags.items() for word in (f"--{name}", str(value))
    ]
    command = manage_command(
        "sandbox", "--rate", UNLIMITED_RATE, *words, *conditions.flags
    )
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=process_environment("sqlite:///:memory:"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield line.partition(": ")[2].strip().removesuffix("/api/v1")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _is_hung_write(call: dict[str, Any]) -> bool:
    # A call of a dead worker that nobody answers changes nothing.
    return call["fault"] is not None and call["ended_at"] is None


class Trial:
    roles = PROCESSES  # options of each process, by its name
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
        self.environment = process_environment(
            url,
            SMARTLEAD_BASE_URL=f"{sandbox}/api/v1",
            SMARTLEAD_RATE_LIMITS="200/2s",
            TIME_SCALE=str(scale),
        )
        self.processes = {who: dict(options) for who, options in self.roles.items()}
        self.starts = 0
        self.killer = ProcessKiller(
            address=folder / "control",
            rng=rng,
            longest_stop=self.longest_stop * scale / SCALE,
            slowdown=scale / SCALE,
            restart=self.start_process,
        )

    @contextmanager
    def running_fork_server(self) -> Iterator[None]:
        command = [
            sys.executable,
            "-m",
            "tests.trials.fork_server",
            str(self.folder / "control"),
        ]
        with (self.folder / "stderr").open("w") as stderr:
            self.fork_server = subprocess.Popen(
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
            self.fork_server.kill()
            self.fork_server.wait()
            assert self.fork_server.stdin is not None
            self.fork_server.stdin.close()

    def run(
        self, conditions: SandboxConditions, *, seed: int, seconds: float
    ) -> TrialRecord:
        ours = sorted(member["id"] for member in get(self.sandbox, "state")["members"])
        self.run_step("set_up", members=ours, unknown_every=6)
        self._set_up_processes(ours, seed)
        post(self.sandbox, "faults", faults=conditions.faults)
        for who in PROCESSES:
            self.start_process(who)
        self.killer.start_striking()
        self.killer.serve(seconds=seconds)
        self.wait_for_a_strike()
        self.killer.stop_striking()
        post(self.sandbox, "faults", clear=True)
        for who in ("managers", "outsider", "mirror"):
            self.killer.retire(who)
        self.wait_for_hung_calls()
        return self.collect_record(conditions)

    def start_process(self, who: str) -> None:
        """Fork a process of this name with its options."""
        self.starts += 1
        options = self.processes[who]
        if "seed" in options:
            # A successor takes other random steps, and names new outside owners.
            options |= {"seed": f"{options['seed']}+"}
        if "first" in options:
            options |= {"first": self.starts * 10_000}
        assert self.fork_server.stdin is not None
        self.fork_server.stdin.write(json.dumps({"who": who, **options}) + "\n")
        self.fork_server.stdin.flush()

    def wait_for_a_strike(self) -> None:
        # On a busy machine the processes may hardly have begun.
        give_up_at = time.monotonic() + SETTLED_WITHIN
        while not self.killer.strikes and time.monotonic() < give_up_at:
            self.killer.serve(seconds=0.2)

    def wait_for_hung_calls(self) -> None:
        # The results are true only once the last late write has taken effect.
        give_up_at = time.monotonic() + SETTLED_WITHIN
        while any(_is_hung_write(call) for call in get(self.sandbox, "journal")):
            if time.monotonic() > give_up_at:
                raise TrialFailed("The sandbox still has a call under way.")
            time.sleep(0.2)

    def _set_up_processes(self, ours: list[int], seed: int) -> None:
        (leads,) = (
            event.details["leads"]
            for event in self.killer.events
            if event.what == "mirrored"
        )
        self.processes["managers"] |= {"seed": f"{seed}-managers", "members": ours}
        self.processes["outsider"] |= {
            "seed": f"{seed}-outsider",
            "sandbox": self.sandbox,
            "leads": leads,
            "first": 0,
        }

    def run_step(self, step: str, **details: Any) -> None:
        """Run a function of `trial_steps` in a process of its own, to its end."""
        self.processes[step] = {"role": "trial_steps", "step": step, **details}
        self.start_process(step)
        seconds = self.settled_within + 15
        if not self.killer.serve(seconds=seconds, until_finished=step):
            raise TrialFailed(f"{step} did not finish.\n{self._failure_text()}")

    def results(self) -> dict[str, Any]:
        """Let the work come to its end, end all processes, and return what they left."""
        path = self.folder / "results.json"
        self.run_step("write_results", within=self.settled_within, path=str(path))
        for who in self.roles:
            self.killer.retire(who)
        results: dict[str, Any] = json.loads(path.read_text())
        return results

    def collect_record(self, conditions: SandboxConditions) -> TrialRecord:
        return TrialRecord.collect(
            results=self.results(),
            journal=get(self.sandbox, "journal"),
            state=get(self.sandbox, "state"),
            events=self.killer.events,
            strikes=self.killer.strikes,
            notes_are_readable=conditions.notes == "readable",
            people_are_named=conditions.shape == "flat",
        )

    def _failure_text(self) -> str:
        failures = [event for event in self.killer.events if event.what == "failed"]
        traces = [f"{event.who}: {event.details['trace']}" for event in failures[-3:]]
        return "\n".join([*traces, (self.folder / "stderr").read_text()[-3000:]])
