"""A process of its own that makes calls as fast as the budget lets it.

Prints the time of each. Run by test_budget.py, several at once.
"""

import sys
import time

import django

CALLS, WINDOW = 20, 1.0


def main(seconds: float) -> None:
    from assignments.smartlead.budget import Budget, Kind

    budget = Budget(limits=[(CALLS, WINDOW)], name="greedy", deadline=2.0)
    until = time.time() + seconds
    while slot := budget.wait(Kind.NORMAL, until=until):
        print(time.time(), flush=True)  # noqa: T201
        time.sleep(0.01)
        budget.finish(slot)


if __name__ == "__main__":
    django.setup()
    main(float(sys.argv[1]))
