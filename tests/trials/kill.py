"""The kill test, long form: `python -m tests.trials.kill --runs 200`.

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

from tests.trials.databases import Databases, PostgresDatabases, SqliteFiles
from tests.trials.lead_trace import trace
from tests.trials.rule_checks import Verdict, judge
from tests.trials.trial import hold
from tests.trials.trial_record import Evidence


def main() -> int:
    return run_trials(hold, judge, __doc__)


def run_trials(
    hold: Callable[..., Evidence],
    judge: Callable[[Evidence], Verdict],
    about: str | None,
) -> int:
    """As many runs as the command line asks for; 1 if a rule was broken in any."""
    wishes = _parser(about).parse_args()
    total: Counter[str] = Counter()
    with databases(wishes.database) as source:
        for seed in range(wishes.seed, wishes.seed + wishes.runs):
            began = time.monotonic()
            evidence = hold(source, seed=seed, seconds=wishes.seconds)
            verdict = judge(evidence)
            took = time.monotonic() - began
            say(f"seed {seed}: {summary(evidence, verdict)}, {took:.0f} s")
            if not verdict.is_clean:
                say(explanation(evidence, verdict))
            total += counts(evidence, verdict) + Counter(runs=1)
    say(f"In all: {_listed(total)}")
    return 1 if total["violations"] else 0


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        source: Databases = (
            PostgresDatabases(os.environ["TEST_DATABASE_URL"])
            if kind == "postgres"
            else SqliteFiles(Path(folder))
        )
        try:
            yield source
        finally:
            source.close()


def summary(evidence: Evidence, verdict: Verdict) -> str:
    word = "clean" if verdict.is_clean else "BROKEN"
    return f"{word}; {_listed(counts(evidence, verdict))}"


def explanation(evidence: Evidence, verdict: Verdict) -> str:
    leads = dict.fromkeys(v.lead for v in verdict.violations if v.lead)
    return "\n".join(
        [
            *map(str, verdict.violations),
            *(trace(evidence, lead) for lead in list(leads)[:2]),
        ]
    )


def counts(evidence: Evidence, verdict: Verdict) -> Counter[str]:
    states = Counter(row.state for row in evidence.rows if row.cause != "outside")
    return Counter(
        {
            "violations": len(verdict.violations),
            "strikes": evidence.strikes.total(),
            "writes": verdict.writes,
            "outside changes": sum(not c.is_ours for c in evidence.changes),
            "outside rows": sum(row.cause == "outside" for row in evidence.rows),
            "late writes": len(verdict.late),
            "late notes": len(verdict.late_notes),
            "clicks over a second old": verdict.over_a_second,
            "notes": len(evidence.notes),
            "unconfirmed": sum(n.state == "unconfirmed" for n in evidence.notes),
            **states,
        }
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found.items())


def _parser(about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--seconds", type=float, default=6.0, help="of killing, a run")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    return parser


if __name__ == "__main__":
    sys.exit(main())
