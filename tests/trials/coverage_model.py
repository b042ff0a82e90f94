"""Thousands of random histories of coverages against the model.

`python -m tests.trials.coverage_model --sequences 3000 --seed 1` prints the seed and,
if a rule is broken, the shortest history that breaks it.
"""

import argparse
import gc
import logging
import os
import sys
from collections import Counter

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.test.utils import setup_databases, teardown_databases  # noqa: E402
from hypothesis import HealthCheck, given, seed, settings  # noqa: E402

from tests.assignments.services.coverage.test_model import (  # noqa: E402
    HISTORIES,
    History,
    walk,
)


def main() -> int:
    options = _parser().parse_args()
    old = setup_databases(verbosity=0, interactive=False)
    logging.disable(logging.WARNING)
    gc.freeze()
    seen: Counter[str] = Counter()
    broken_by: list[History] = []
    try:
        _walk_all(options, seen, broken_by)
    except BaseException:
        # The last one that was tried is the shortest.
        for history in broken_by[-1:]:
            sys.stdout.write(f"seed {options.seed}: BROKEN by {history}\n")
        raise
    finally:
        teardown_databases(old, verbosity=0)
    found = ", ".join(f"{count} {name}" for name, count in seen.most_common())
    sys.stdout.write(f"seed {options.seed}: clean; {found}\n")
    return 0


def _walk_all(
    options: argparse.Namespace, seen: Counter[str], broken_by: list[History]
) -> None:
    @seed(options.seed)
    @settings(
        max_examples=options.sequences,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=HISTORIES)
    def histories(steps: History) -> None:
        try:
            seen.update(walk(steps))
        except Exception:
            broken_by.append(steps)
            raise
        seen.update(["histories"])

    histories()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
