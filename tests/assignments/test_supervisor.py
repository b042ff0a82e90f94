"""Real processes, small ones: a supervisor is only as good as what it leaves behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from assignments.supervisor import ManagedProcess, Supervisor

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORES_TERM = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(60)",
]
FORKS_AND_ENDS = [
    sys.executable,
    "-c",
    "import subprocess, sys; "
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print(p.pid, flush=True); sys.exit(3)",
]
FORKS_AND_STAYS = [word.replace("sys.exit(3)", "p.wait()") for word in FORKS_AND_ENDS]


def make_supervisor(said: list[str] | None = None, **options: float) -> Supervisor:
    values: dict[str, float] = {
        "look_every": 0.02,
        "listen_every": 0.02,
        "longest_pause": 0.05,
        "patience": 3,
    }
    say = (said if said is not None else []).append
    return Supervisor(say=say, **(values | options))


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come true in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestStop:
    def test_leaving_the_context_ends_every_part(self):
        with make_supervisor() as supervisor:
            supervisor.start(ManagedProcess(name="web", command=SLEEPS))
            supervisor.start(ManagedProcess(name="worker", command=SLEEPS))
            pids = list(supervisor.pids().values())

        assert not any(is_alive(pid) for pid in pids)

    def test_a_part_that_ignores_the_request_is_killed(self, tmp_path: Path):
        log = tmp_path / "log"

        with make_supervisor(patience=0.2) as supervisor:
            supervisor.start(
                ManagedProcess(name="worker", command=IGNORES_TERM, log=log)
            )
            pid = supervisor.pids()["worker"]
            wait_for(lambda: "ready" in log.read_text())

        assert not is_alive(pid)

    def test_only_the_first_process_is_asked_and_the_rest_of_the_group_killed(
        self, tmp_path: Path
    ):
        log = tmp_path / "log"

        with make_supervisor() as supervisor:
            supervisor.start(
                ManagedProcess(name="worker", command=FORKS_AND_STAYS, log=log)
            )
            wait_for(lambda: log.read_text().endswith("\n"))

        wait_for(lambda: not is_alive(int(log.read_text())))

    def test_a_part_leads_a_session_of_its_own(self):
        with make_supervisor() as supervisor:
            supervisor.start(ManagedProcess(name="web", command=SLEEPS))
            pid = supervisor.pids()["web"]
            wait_for(lambda: psutil.Process(pid).cmdline() == SLEEPS)

            assert os.getsid(pid) == pid


class TestWatch:
    def test_a_part_that_died_is_started_anew(self):
        said: list[str] = []
        with make_supervisor(said) as supervisor:
            supervisor.start(ManagedProcess(name="web", command=SLEEPS))
            first = supervisor.pids()["web"]
            os.kill(first, signal.SIGKILL)

            supervisor.watch(until=lambda: supervisor.pids()["web"] != first)

        assert said == ["The web ended with code -9; starting it anew in 0.05 s."]

    def test_what_a_dead_part_left_behind_is_killed_before_it_starts_anew(
        self, tmp_path: Path
    ):
        log = tmp_path / "log"
        with make_supervisor() as supervisor:
            supervisor.start(
                ManagedProcess(name="worker", command=FORKS_AND_ENDS, log=log)
            )
            first = supervisor.pids()["worker"]

            supervisor.watch(until=lambda: supervisor.pids()["worker"] != first)

            orphan = int(log.read_text().split()[0])
            wait_for(lambda: not is_alive(orphan))

    def test_the_pause_before_a_new_start_grows_with_each_failure(self):
        said: list[str] = []
        ends_at_once = [sys.executable, "-c", "raise SystemExit(1)"]
        with make_supervisor(said, longest_pause=1.5) as supervisor:
            supervisor.start(ManagedProcess(name="web", command=ends_at_once))

            supervisor.watch(until=lambda: len(said) == 2)

        assert [line.split()[-2] for line in said] == ["1", "1.5"]

    def test_a_silent_part_is_replaced(self):
        said: list[str] = []
        part = ManagedProcess(
            name="worker", command=SLEEPS, quiet_for=lambda: 9e9, stale_after=0.1
        )
        with make_supervisor(said) as supervisor:
            supervisor.start(part)
            first = supervisor.pids()["worker"]

            supervisor.watch(until=lambda: supervisor.pids()["worker"] != first)

            assert not is_alive(first)
        assert said[0].startswith("The worker gave no sign of life;")

    def test_a_stopped_process_counts_as_silent_and_dies(self):
        part = ManagedProcess(
            name="worker", command=SLEEPS, quiet_for=lambda: 9e9, stale_after=0.1
        )
        with make_supervisor() as supervisor:
            supervisor.start(part)
            first = supervisor.pids()["worker"]
            os.kill(first, signal.SIGSTOP)

            supervisor.watch(until=lambda: supervisor.pids()["worker"] != first)

            assert not is_alive(first)

    def test_a_part_younger_than_the_limit_is_given_time(self):
        looks: list[int] = []
        part = ManagedProcess(
            name="worker", command=SLEEPS, quiet_for=lambda: 9e9, stale_after=60
        )
        with make_supervisor() as supervisor:
            supervisor.start(part)
            first = supervisor.pids()["worker"]

            supervisor.watch(until=lambda: looks.append(1) or len(looks) > 10)

            assert supervisor.pids()["worker"] == first


PROGRAM = """
import sys
from assignments.supervisor import ManagedProcess, Supervisor

sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
with Supervisor(say=print, patience=3) as supervisor:
    supervisor.start(ManagedProcess(name="web", command=sleeps))
    supervisor.start(ManagedProcess(name="worker", command=sleeps))
    print(*supervisor.pids().values(), flush=True)
    supervisor.watch()
"""


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
)
def test_no_signal_to_the_supervisor_leaves_a_part_running(number: signal.Signals):
    program = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]

        process.send_signal(number)
        process.wait(timeout=60)

    assert len(pids) == 2
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_interrupts_are_heard_also_where_the_shell_had_them_ignored():
    program = [
        sys.executable,
        "-c",
        f"import signal; signal.signal(2, signal.SIG_IGN)\n{PROGRAM}",
    ]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=60) == 0
