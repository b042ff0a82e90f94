"""A process of a trial that reads the inbox and announces each list before it is saved."""

import os
import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from assignments import tasks
from assignments.services.mirror import import_leads, scheduler, sync_passes
from tests.trials.control_socket import ControlSocket


def run(control: ControlSocket) -> None:
    parent = os.getppid()

    def save_announced(*args: Any, **kwargs: Any) -> Any:
        control.announce_step("list read")
        return import_leads.save_rows(*args, **kwargs)

    with patch.object(sync_passes, "save_rows", save_announced):
        while os.getppid() == parent:
            _sync()
            time.sleep(0.1)


def _sync() -> None:
    with tasks.open_client() as (smartlead, budget):
        until = timezone.now() + timedelta(seconds=1)
        scheduler.sync_slice(client=smartlead, budget=budget, until=until)
