"""A process of a trial that runs the task of each minute, much more often."""

import os
import time

from assignments import tasks
from tests.trials.control_socket import ControlSocket


def run(control: ControlSocket, *, every: float) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        control.announce_step("ticking")
        tasks.tick()
        time.sleep(every)
