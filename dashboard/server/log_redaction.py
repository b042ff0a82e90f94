"""Removal of the address of our webhook from the log: its last part is a key."""

import logging
import re
from typing import Any

from assignments.services.webhooks import authentication

BLOT = "***"
_ADDRESS = re.compile(r"(/+webhooks(?:/|%2f)+smartlead(?:/|%2f)+)[^\s\"'<>?#]+", re.I)


def redacted(text: str) -> str:
    """Return a text without our key, and without what stands where it should."""
    return _ADDRESS.sub(rf"\1{BLOT}", text).replace(authentication.path_token(), BLOT)


def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Make a log record without our key in its message or traceback.

    Set for the whole process, since gunicorn and Django's own server have loggers that
    no filter of ours would reach.
    """
    record = logging.LogRecord(*args, **kwargs)
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        return record  # its handler reports the fault
    if (clean := redacted(message)) != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0]:
        text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = redacted(text)
    return record
