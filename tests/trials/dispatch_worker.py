"""A process of a trial that sends what is due and announces each step.

With `is_seated` it takes a lease first, as the real worker does.
"""

import os
import time
from datetime import timedelta

from django.utils import timezone

from assignments import tasks
from assignments.services.dispatch.context import DispatchContext, step_reached
from assignments.services.dispatch.dispatcher import Dispatcher
from tests.trials.control_socket import ControlSocket


def run(control: ControlSocket, *, is_seated: bool) -> None:
    parent = os.getppid()
    step_reached.connect(lambda step, **_: control.announce_step(step), weak=False)
    while os.getppid() == parent:
        if is_seated:
            tasks.dispatch()
        else:
            _dispatch()
        time.sleep(0.1)


def _dispatch() -> None:
    with tasks.open_client() as (smartlead, budget):
        desk = DispatchContext(client=smartlead, budget=budget, clock=timezone.now)
        Dispatcher(desk).run(until=timezone.now() + timedelta(seconds=2))
