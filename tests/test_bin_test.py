"""`bin/test` says what ran and what did not, and never takes a skip for a success."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.skipped_tests import ALL_SKIPPED

ROOT = Path(__file__).resolve().parent.parent
# What the script needs of a machine, and no more: no browser, no apt-get, no server.
PROGRAMS = ("bash", "cat", "dirname", "env", "id", "mkdir", "nproc", "sort", "uniq")

type Run = Callable[..., subprocess.CompletedProcess[str]]


def write_script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/usr/bin/env bash", *lines, ""]))
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in PROGRAMS:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def run(tmp_path: Path, programs: Path) -> Run:
    """Run a copy of bin/test whose pytest only notes its arguments and exits."""
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin/test", tmp_path / "bin/test")
    write_script(tmp_path / "bin/with-postgres", '"$@"')
    write_script(
        tmp_path / ".venv/bin/python",
        'echo "called: $*"',
        'echo "nginx is not on this machine" >>"$SKIP_REASONS_FILE"',
        'case "$*" in *browser*) exit "${BROWSER_EXIT:-0}" ;; esac',
    )

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(programs / "bash"), str(tmp_path / "bin/test")],
            env={"PATH": str(programs)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_browser_tests_are_not_run_where_no_chromium_is(run: Run):
    done = run()

    assert "not run   Browser: Chromium is missing" in done.stdout
    assert "-m browser" not in done.stdout
    assert done.returncode == 0


def test_a_suite_that_did_not_run_fails_continuous_integration(run: Run):
    assert run(CI="true").returncode == 1


def test_chromium_is_installed_where_that_is_possible(run: Run, programs: Path):
    write_script(programs / "sudo", 'shift; "$@"')
    write_script(
        programs / "apt-get",
        f'[ "${{!#}}" != chromium ] || {shutil.which("ln")} -s /bin/true '
        f"{programs}/chromium",
    )

    done = run(CI="true")

    assert "passed    Browser" in done.stdout
    assert done.returncode == 0


def test_a_suite_of_skips_alone_is_said_to_be_not_run(run: Run, programs: Path):
    (programs / "chromium").symlink_to("/bin/true")

    done = run(BROWSER_EXIT=str(ALL_SKIPPED))

    assert "not run   Browser: every test was skipped" in done.stdout


def test_the_last_lines_name_why_tests_were_skipped(run: Run):
    last = run().stdout.splitlines()[-1]

    assert last == "skipped   2: nginx is not on this machine"


class TestPlugin:
    """The code that pytest ends with, and the reasons it leaves behind."""

    def outcome_of(self, folder: Path, *lines: str) -> tuple[int, str]:
        reasons = folder / "reasons"
        (folder / "test_it.py").write_text("\n".join(["import pytest", *lines]))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p",
             "tests.skipped_tests", "-p", "no:django", str(folder)],
            cwd=ROOT,
            env=os.environ | {"SKIP_REASONS_FILE": str(reasons)},
            capture_output=True,
            check=False,
        )  # fmt: skip
        return done.returncode, reasons.read_text()

    def test_a_run_of_skips_alone_does_not_end_as_a_success(self, tmp_path: Path):
        lines = ("def test_one():", "    pytest.skip('no nginx')")

        assert self.outcome_of(tmp_path, *lines) == (ALL_SKIPPED, "no nginx\n")

    def test_a_run_with_one_pass_is_a_success(self, tmp_path: Path):
        lines = ("def test_one(): pass", "@pytest.mark.skip", "def test_two(): pass")

        assert self.outcome_of(tmp_path, *lines)[0] == 0
