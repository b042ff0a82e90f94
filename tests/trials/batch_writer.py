"""An actor: writes confirmed plans into the ledger, a few leads at a time."""

import os
import time

from django.db import connection

from assignments import tasks
from assignments.services.bulk import write_plan
from tests.trials.control_socket import Line

CHUNK = 3
PAUSE = 0.1


def play(line: Line) -> None:
    nursery = os.getppid()
    write_plan.CHUNK = CHUNK
    while os.getppid() == nursery:
        with connection.execute_wrapper(_announced(line)):
            tasks.write_plans()
        time.sleep(PAUSE)


def _announced(line: Line):  # type: ignore[no-untyped-def]
    """In the middle of a chunk: the rows are there, the count of them is not."""

    def run(execute, sql, *rest):  # type: ignore[no-untyped-def]
        if sql.replace('"', "").startswith("UPDATE assignments_savedplan"):
            line.ask("chunk written")
        return execute(sql, *rest)

    return run
