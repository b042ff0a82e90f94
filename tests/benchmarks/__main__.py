import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import databases
from tests.benchmarks.catalogue import BENCHMARKS, Benchmark
from tests.benchmarks.figures import print_progress

STOP_TIMEOUT = 20  # seconds in which an interrupted run must have tidied up


def main() -> None:
    wanted = _wanted_names()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if databases.SERVER_VARIABLE not in os.environ:
        print_progress(
            f"On SQLite only: {databases.SERVER_VARIABLE} names no PostgreSQL server."
        )
    missed = [
        name for name in wanted for kind in databases.kinds() if not _passes(name, kind)
    ]
    if missed:
        print_progress(f"Missed: {', '.join(dict.fromkeys(missed))}.")
    sys.exit(1 if missed else 0)


def _wanted_names() -> list[str]:
    by_default = [
        name for name, benchmark in BENCHMARKS.items() if not benchmark.on_request
    ]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure these parts; without a name: " + ", ".join(by_default),
    )
    parser.add_argument("name", nargs="*", choices=[*BENCHMARKS, []], metavar="name")
    return parser.parse_args().name or by_default


def _passes(name: str, kind: str) -> bool:
    benchmark = BENCHMARKS[name]
    label = f"{name} {kind}" + (
        f" x{benchmark.scale:g}" if benchmark.scale != 1 else ""
    )
    print_progress(f"── {label}")
    with tempfile.TemporaryDirectory(prefix="handoff-bench.") as folder:
        return _run_process(benchmark, name, label, kind, Path(folder)) == 0


def _run_process(
    benchmark: Benchmark, name: str, label: str, kind: str, folder: Path
) -> int:
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
            env={**os.environ, **benchmark.environment(url)},
        )
        try:
            return run.wait()
        finally:
            run.terminate()
            run.wait(STOP_TIMEOUT)


if __name__ == "__main__":
    main()
