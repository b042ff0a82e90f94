"""Errors of tasks in the log of the process that ran them.

django-q2 logs them in another process, as a text in which class and place are not apart
from the data. It asks whatever stands in `error_reporter` while the error is being handled.
"""

import logging
import sys

import django_q.worker

from assignments import task_request_ids

logger = logging.getLogger(__name__)


class TaskErrors:
    def report(self) -> None:
        """Log the error that is being handled."""
        task = task_request_ids.running_task()
        logger.error(
            "The task %s failed.", task, exc_info=sys.exception(), extra={"task": task}
        )


def connect() -> None:
    django_q.worker.error_reporter = TaskErrors()
