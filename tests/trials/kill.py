"""Workers are killed while clicks are sent: `python -m tests.trials.kill --runs 200`.

Prints one line a run, and the trace of each lead on which a rule was broken.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.trials.databases import PostgresDatabases, SqliteDatabases, TrialDatabases
from tests.trials.lead_trace import lead_trace
from tests.trials.rule_checks import RuleReport, check_rules
from tests.trials.trial import run_trial
from tests.trials.trial_record import TrialRecord


def main() -> int:
    return run_trials(run_trial, check_rules, __doc__)


def run_trials(
    run_trial: Callable[..., TrialRecord],
    check: Callable[[TrialRecord], RuleReport],
    about: str | None,
) -> int:
    """Run as many trials as the command line asks for; return 1 if any broke a rule."""
    options = _parser(about).parse_args()
    total: Counter[str] = Counter()
    with open_databases(options.database) as databases:
        for seed in range(options.seed, options.seed + options.runs):
            began = time.monotonic()
            record = run_trial(databases, seed=seed, seconds=options.seconds)
            report = check(record)
            took = time.monotonic() - began
            print_line(f"seed {seed}: {summary(record, report)}, {took:.0f} s")
            if not report.is_clean:
                print_line(explanation(record, report))
            total += report_counts(record, report) + Counter(runs=1)
    print_line(f"In all: {_joined_counts(total)}")
    return 1 if total["violations"] else 0


@contextmanager
def open_databases(kind: str) -> Iterator[TrialDatabases]:
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        databases: TrialDatabases = (
            PostgresDatabases(os.environ["TEST_DATABASE_URL"])
            if kind == "postgres"
            else SqliteDatabases(Path(folder))
        )
        try:
            yield databases
        finally:
            databases.close()


def summary(record: TrialRecord, report: RuleReport) -> str:
    word = "clean" if report.is_clean else "BROKEN"
    return f"{word}; {_joined_counts(report_counts(record, report))}"


def explanation(record: TrialRecord, report: RuleReport) -> str:
    leads = dict.fromkeys(
        violation.lead for violation in report.violations if violation.lead
    )
    return "\n".join(
        [
            *map(str, report.violations),
            *(lead_trace(record, lead) for lead in list(leads)[:2]),
        ]
    )


def report_counts(record: TrialRecord, report: RuleReport) -> Counter[str]:
    states = Counter(row.state for row in record.rows if row.cause != "outside")
    return Counter(
        {
            "violations": len(report.violations),
            "strikes": record.strikes.total(),
            "writes": report.writes,
            "outside changes": sum(not change.is_ours for change in record.changes),
            "outside rows": sum(row.cause == "outside" for row in record.rows),
            "late writes": len(report.late),
            "late notes": len(report.late_notes),
            "clicks over a second old": report.over_a_second,
            "notes": len(record.notes),
            "unconfirmed": sum(note.state == "unconfirmed" for note in record.notes),
            **states,
        }
    )


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _joined_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _parser(about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--seconds", type=float, default=6.0, help="of killing, a run")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    return parser


if __name__ == "__main__":
    sys.exit(main())
