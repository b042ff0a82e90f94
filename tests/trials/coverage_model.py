"""Thousands of random histories of coverages against the model.

`python -m tests.trials.coverage_model --sequences 3000 --seed 1` says the seed and, if a
rule is broken, the shortest history that breaks it.
"""

import argparse
import os
import sys
from collections import Counter

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.test.utils import setup_databases, teardown_databases  # noqa: E402
from hypothesis import HealthCheck, given, seed, settings  # noqa: E402

from tests.assignments.services.coverage.test_model import STEPS, walk  # noqa: E402


def main() -> int:
    wishes = _parser().parse_args()
    old = setup_databases(verbosity=0, interactive=False)
    seen: Counter[str] = Counter()

    @seed(wishes.seed)
    @settings(
        max_examples=wishes.sequences,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=STEPS)
    def histories(steps: list[tuple[str, int, int, int]]) -> None:
        seen.update(walk(steps))
        seen.update(["histories"])

    try:
        histories()
    except AssertionError:
        sys.stdout.write(f"seed {wishes.seed}: BROKEN\n")
        raise
    finally:
        teardown_databases(old, verbosity=0)
    found = ", ".join(f"{count} {name}" for name, count in seen.most_common())
    sys.stdout.write(f"seed {wishes.seed}: clean; {found}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
