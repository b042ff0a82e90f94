"""An actor: ticks, as the minute's task does, only much more often."""

import os
import time

from assignments import tasks
from tests.trials.control_socket import Line


def play(line: Line, *, every: float) -> None:
    nursery = os.getppid()
    while os.getppid() == nursery:
        line.ask("ticking")
        tasks.tick()
        time.sleep(every)
