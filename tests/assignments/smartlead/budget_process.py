"""A process that makes calls as fast as the budget allows; test_budget.py starts several.

It prints the time of each call as the budget saw it, without the delay of printing.
"""

import sys
import time

import django

CALLS, WINDOW = 10, 1.0


class RecordingClock:
    last = 0.0

    def __call__(self) -> float:
        self.last = time.time()
        return self.last


def main(seconds: float) -> None:
    from assignments.smartlead.budget import CallBudget, CallKind

    clock = RecordingClock()
    limits = [(CALLS, WINDOW)]
    budget = CallBudget(limits=limits, name="shared", deadline=2.0, clock=clock)
    until = time.time() + seconds
    while slot := budget.wait(CallKind.NORMAL, until=until):
        print(clock.last, flush=True)  # noqa: T201
        time.sleep(0.01)
        budget.finish(slot)


if __name__ == "__main__":
    django.setup()
    main(float(sys.argv[1]))
