"""A process of its own that makes calls as fast as the budget lets it.

Prints the time of each, as the budget saw it: how long the machine then takes to say so
is not the budget's affair. Run by test_budget.py, several at once.
"""

import sys
import time

import django

CALLS, WINDOW = 10, 1.0


class RecordingClock:
    seen = 0.0

    def __call__(self) -> float:
        self.seen = time.time()
        return self.seen


def main(seconds: float) -> None:
    from assignments.smartlead.budget import CallBudget, CallKind

    clock = RecordingClock()
    limits = [(CALLS, WINDOW)]
    budget = CallBudget(limits=limits, name="greedy", deadline=2.0, clock=clock)
    until = time.time() + seconds
    while slot := budget.wait(CallKind.NORMAL, until=until):
        print(clock.seen, flush=True)  # noqa: T201
        time.sleep(0.01)
        budget.finish(slot)


if __name__ == "__main__":
    django.setup()
    main(float(sys.argv[1]))
