"""A pytest plugin: a run that skipped every test is no success.

Such a run ends with the code ALL_SKIPPED. The reason of each skipped test is appended as
a line to the file that SKIP_REASONS_FILE names, which `bin/test` prints at its end.
"""

import os
from pathlib import Path

import pytest

ALL_SKIPPED = 78  # as in bin/test


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Set the exit code of a run in which nothing but skips happened."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return  # a worker of xdist; its controller counts
    skipped = reporter.stats.get("skipped", [])
    _store([_reason(report) for report in skipped])
    outcomes = ("passed", "failed", "error", "xfailed", "xpassed")
    if skipped and not any(reporter.stats.get(outcome) for outcome in outcomes):
        session.exitstatus = ALL_SKIPPED


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    return " ".join(str(text).removeprefix("Skipped: ").split())


def _store(reasons: list[str]) -> None:
    if path := os.environ.get("SKIP_REASONS_FILE"):
        with Path(path).open("a") as file:
            file.writelines(f"{reason}\n" for reason in reasons)
