import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import databases
from tests.benchmarks.catalogue import TRIALS, Trial
from tests.benchmarks.figures import say

PATIENCE = 20  # seconds in which an interrupted run must have tidied up


def main() -> None:
    wanted = _wanted()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if databases.ON_SERVER not in os.environ:
        say(f"On SQLite only: {databases.ON_SERVER} names no PostgreSQL server.")
    missed = [
        name for name in wanted for kind in databases.kinds() if not _passes(name, kind)
    ]
    if missed:
        say(f"Missed: {', '.join(dict.fromkeys(missed))}.")
    sys.exit(1 if missed else 0)


def _wanted() -> list[str]:
    by_default = [name for name, trial in TRIALS.items() if not trial.on_request]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure these parts; without a name: " + ", ".join(by_default),
    )
    parser.add_argument("name", nargs="*", choices=[*TRIALS, []], metavar="name")
    return parser.parse_args().name or by_default


def _passes(name: str, kind: str) -> bool:
    trial = TRIALS[name]
    label = f"{name} {kind}" + (f" x{trial.scale:g}" if trial.scale != 1 else "")
    say(f"── {label}")
    with tempfile.TemporaryDirectory(prefix="handoff-bench.") as folder:
        return _run(trial, name, label, kind, Path(folder)) == 0


def _run(trial: Trial, name: str, label: str, kind: str, folder: Path) -> int:
    with databases.new_database(kind, folder) as url:
        run = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.benchmarks.run_one",
                name,
                label,
                str(folder),
            ],
            env={**os.environ, **trial.environment(url)},
        )
        try:
            return run.wait()
        finally:
            run.terminate()
            run.wait(PATIENCE)


if __name__ == "__main__":
    main()
