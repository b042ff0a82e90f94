"""A process of a trial that writes confirmed plans into the ledger, in small chunks."""

import os
import time

from django.db import connection

from assignments import tasks
from assignments.services.bulk import write_plan
from tests.trials.control_socket import ControlSocket

CHUNK_SIZE = 3
PAUSE = 0.1


def run(control: ControlSocket) -> None:
    parent = os.getppid()
    write_plan.CHUNK = CHUNK_SIZE
    while os.getppid() == parent:
        with connection.execute_wrapper(_announcing_chunks(control)):
            tasks.write_plans()
        time.sleep(PAUSE)


def _announcing_chunks(control: ControlSocket):  # type: ignore[no-untyped-def]
    """Announce the middle of a chunk: its rows are written, the count of them is not."""

    def execute_announced(execute, sql, *rest):  # type: ignore[no-untyped-def]
        if sql.replace('"', "").startswith("UPDATE assignments_savedplan"):
            control.announce_step("chunk written")
        return execute(sql, *rest)

    return execute_announced
