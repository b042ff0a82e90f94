"""An actor: reads the inbox all the time. It can be struck between reading and saving."""

import os
import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from assignments import tasks
from assignments.services import inbox, passes
from tests.trials.line import Line


def play(line: Line) -> None:
    nursery = os.getppid()
    save_rows = passes.save_rows

    def save_announced(*args: Any, **kwargs: Any) -> Any:
        line.ask("list read")
        return save_rows(*args, **kwargs)

    passes.save_rows = save_announced
    while os.getppid() == nursery:
        with tasks.at_the_counter() as (smartlead, budget):
            until = timezone.now() + timedelta(seconds=1)
            inbox.sync_slice(client=smartlead, budget=budget, until=until)
        time.sleep(0.1)
