"""Requests and their times, counted in each web process and read by one of them.

The processes share the folder PROMETHEUS_MULTIPROC_DIR, which `assignments.processes`
names: a file for each process that counts. Those of processes that have ended are added up
in one, so that neither counters fall nor files pile up. Without the folder (`runserver`,
tests) each process knows its own requests only.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
ENDED = "0"  # in place of the number of a process: the sum of those that have ended
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_registry = CollectorRegistry()
_requests = Histogram(
    "handoff_request_duration_seconds",
    "Requests by page, method and class of status, and how long each took.",
    ("page", "method", "status"),
    buckets=SECONDS,
    registry=_registry,
)


def count_request(page: str, method: str, status: int, seconds: float) -> None:
    """Count one request; without the folder, which somebody may delete, do nothing."""
    with suppress(OSError):
        _requests.labels(page, method, f"{status // 100}xx").observe(seconds)


def request_families() -> Iterable[Metric]:
    """Return the metrics of all web processes of this `serve`; none if their folder is
    gone.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return list(_registry.collect())
    with suppress(OSError), _alone_in(Path(folder)):
        return list(MultiProcessCollector(None, folder).collect())
    return []


def empty_folder() -> None:
    """Delete what an earlier run has counted; make the folder if it is not there."""
    if folder := os.environ.get(FOLDER):
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in Path(folder).glob("*.db"):
            path.unlink()


def fold_ended(pid: int) -> None:
    """Add the counts of a process that has ended to those of all that have."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    with suppress(OSError), _alone_in(Path(folder)):
        for path in Path(folder).glob(f"*_{pid}.db"):
            kind = path.name.removesuffix(f"_{pid}.db")
            total = MmapedDict(str(path.with_name(f"{kind}_{ENDED}.db")))
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
            total.close()
            path.unlink()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep a reader from counting a process twice while its file is added up."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
