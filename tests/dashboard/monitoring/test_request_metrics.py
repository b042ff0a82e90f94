"""Counting in several processes, each of them real."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.monitoring import request_metrics

ROOT = Path(__file__).resolve().parents[3]
COUNT = """
import os, sys
from dashboard.monitoring import request_metrics
for _ in range(int(sys.argv[1])):
    request_metrics.count_request("inbox", "GET", 200, 0.03)
print(os.getpid())
"""
READ = """
from dashboard.monitoring import request_metrics
for family in request_metrics.request_families():
    for sample in family.samples:
        if sample.name.endswith("_count"):
            print(int(sample.value))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(request_metrics.FOLDER, str(tmp_path))
    return tmp_path


def run(code: str, *arguments: object) -> int:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT, env=dict(os.environ), check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(done.stdout)


def test_requests_of_all_processes_are_added_up_and_stay_when_some_end(folder):
    first, _, third = run(COUNT, 2), run(COUNT, 3), run(COUNT, 4)
    assert run(READ) == 9

    request_metrics.fold_ended(first)
    request_metrics.fold_ended(third)

    assert run(READ) == 9
    assert len(list(folder.glob("*.db"))) == 2


def test_a_new_start_counts_from_nothing(folder):
    run(COUNT, 2)

    request_metrics.empty_folder()

    assert list(folder.glob("*.db")) == []
