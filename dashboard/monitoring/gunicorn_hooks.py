"""The settings of gunicorn that are no options: its log and its hooks."""

import logging
import os
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger

from dashboard.monitoring import request_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")


class WebLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines, in the format of all others."""

    def setup(self, cfg: Any) -> None:
        from dashboard.monitoring.log_format import FORMATS  # noqa: PLC0415

        super().setup(cfg)
        self.error_log.setLevel(logging.getLevelName(settings.LOG_LEVEL))
        for handler in self.error_log.handlers:
            handler.setFormatter(FORMATS[settings.LOG_FORMAT]())


logger_class = WebLog


def on_starting(server: Any) -> None:
    request_metrics.empty_folder()


def child_exit(server: Any, worker: Any) -> None:
    request_metrics.fold_ended(worker.pid)
