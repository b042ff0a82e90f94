"""Filters of the log: less of what Django reports."""

import logging
import time
from contextlib import suppress
from pathlib import Path

from assignments.services.operations.database_outage import Outage, outage_in

LONGEST_HOST_LINE = 200  # characters
MINUTE = 60  # seconds


class RefusedHost(logging.Filter):
    """Turn a refused host name into one warning: anybody can send one, and often."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info, record.exc_text = None, None
        record.msg, record.args = record.getMessage()[:LONGEST_HOST_LINE], None
        return True


class OutageOncePerMinute(logging.Filter):
    """Say that the database is out of order in one line a minute, not for each request.

    All processes share `stamp`, a file whose age tells when it was said last.
    """

    def __init__(self, stamp: Path) -> None:
        super().__init__()
        self._stamp = stamp
        self._said_here_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        outage = _outage_of(record)
        if outage is None:
            return True
        if not self._is_time():
            return False
        record.levelno, record.levelname = logging.ERROR, "ERROR"
        error = record.exc_info[1] if record.exc_info else "in a task"
        why = " ".join(str(error).split())
        record.msg = f"{outage.value} ({why}; said once a minute)"
        record.args = None
        record.exc_info, record.exc_text = None, None
        return True

    def _is_time(self) -> bool:
        now = time.time()
        try:
            said_at = self._stamp.stat().st_mtime
        except OSError:
            said_at = self._said_here_at
        if 0 <= now - said_at < MINUTE:
            return False
        self._said_here_at = now
        with suppress(OSError):  # the disk may have no room for an empty file
            self._stamp.touch(mode=0o600)
        return True


def _outage_of(record: logging.LogRecord) -> Outage | None:
    if record.exc_info and (outage := outage_in(record.exc_info[1])):
        return outage
    # django-q2 logs the text of a task's error and not the error.
    if record.name == "django-q" and "database or disk is full" in record.getMessage():
        return Outage.DISK_FULL
    return None
