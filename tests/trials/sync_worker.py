"""An actor: reads the inbox all the time. It can be struck between reading and saving."""

import os
import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from assignments import tasks
from assignments.services.mirror import import_leads, scheduler, sync_passes
from tests.trials.control_socket import Line


def play(line: Line) -> None:
    nursery = os.getppid()

    def save_announced(*args: Any, **kwargs: Any) -> Any:
        line.ask("list read")
        return import_leads.save_rows(*args, **kwargs)

    with patch.object(sync_passes, "save_rows", save_announced):
        while os.getppid() == nursery:
            _read_on()
            time.sleep(0.1)


def _read_on() -> None:
    with tasks.at_the_counter() as (smartlead, budget):
        until = timezone.now() + timedelta(seconds=1)
        scheduler.sync_slice(client=smartlead, budget=budget, until=until)
