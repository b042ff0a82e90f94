"""The two formats of the log: lines of text, and JSON with one object a line.

Both have the request id. Neither has the text of an exception that may hold data, nor
what a record carries besides its message, unless FIELDS names it.
"""

import logging
import time
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from assignments import request_id
from dashboard.monitoring.exception_text import class_of, traceback_text

# What records may carry besides their message, in this order.
FIELDS = (
    "method", "page", "endpoint", "status", "outcome", "ms", "attempt", "row", "task",
)  # fmt: skip
TASK_QUEUE = "django-q"


def message_of(record: logging.LogRecord) -> str:
    """Return the message; of a failed task without its traceback, which django-q2 puts
    into it, data and all. The task itself has logged it.
    """
    message = record.getMessage()
    if record.name == TASK_QUEUE and message.startswith("Failed "):
        return message.partition(" - ")[0]
    return message


def request_id_of(record: logging.LogRecord) -> str:
    """Return the id of the request or task that the record is about; "" of none.

    Django logs a status from 400 on after the request is over, with the request.
    """
    request = getattr(record, "request", None)
    return (
        getattr(record, "request_id", "")
        or getattr(request, "request_id", "")
        or request_id.current()
    )


def _traceback_of(record: logging.LogRecord) -> str:
    """Return the traceback of the record's exception; "" without one."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return record.exc_text or traceback_text(record.exc_info[1])


class TextLine(logging.Formatter):
    """Lines like `2026-05-11 08:00:00,000 INFO assignments.tasks [4f0c…] Sync: …`."""

    def format(self, record: logging.LogRecord) -> str:
        known = request_id_of(record)
        about = f" [{known}]" if known else ""
        line = (
            f"{self.formatTime(record)} {record.levelname} {record.name}{about} "
            f"{message_of(record)}"
        )
        return "\n".join(filter(None, (line, _traceback_of(record))))


class JsonLine(JsonFormatter):
    """One JSON object on one line, whatever is in the record."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _utc(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
        }
        if known := request_id_of(record):
            line["request_id"] = known
        for field in FIELDS:
            value = getattr(record, field, None)
            if isinstance(value, str | int | float) and value != "":
                line[field] = value
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = class_of(record.exc_info[1])
            line["traceback"] = _traceback_of(record)
        return self.serialize_log_record(line)


def _utc(record: logging.LogRecord) -> str:
    """Return the record's time as ISO 8601 with milliseconds."""
    moment = time.gmtime(record.created)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{record.msecs:03.0f}Z"


FORMATS = {"text": TextLine, "json": JsonLine}
