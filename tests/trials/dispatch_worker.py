"""An actor: sends what is due, as the real worker does, and says each step it takes."""

import os
import time
from datetime import timedelta

from django.utils import timezone

from assignments import tasks
from assignments.services.dispatch.context import Desk, step_reached
from assignments.services.dispatch.dispatcher import Dispatcher
from tests.trials.control_socket import Line


def play(line: Line, *, is_seated: bool) -> None:
    nursery = os.getppid()
    step_reached.connect(lambda step, **_: line.ask(step), weak=False)
    while os.getppid() == nursery:
        if is_seated:
            tasks.dispatch()
        else:
            _dispatch()
        time.sleep(0.1)


def _dispatch() -> None:
    with tasks.at_the_counter() as (smartlead, budget):
        desk = Desk(client=smartlead, budget=budget, clock=timezone.now)
        Dispatcher(desk).run(until=timezone.now() + timedelta(seconds=2))
