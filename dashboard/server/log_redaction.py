"""Removal of secret addresses from the log: of our webhook and of invitations."""

import logging
import re
from typing import Any

from assignments import request_id
from assignments.services.webhooks import authentication
from dashboard.monitoring.exception_text import traceback_text

BLOT = "***"
_ADDRESS = re.compile(
    r"(/+(?:webhooks(?:/|%2f)+smartlead|accounts(?:/|%2f)+invitation)(?:/|%2f)+)"
    r"[^\s\"'<>?#]+",
    re.I,
)


def redacted(text: str) -> str:
    """Return the text with `***` for our webhook's key, and for whatever follows
    `/webhooks/smartlead/` or `/accounts/invitation/`, up to white space, a quote or one
    of `<>?#`.
    """
    return _ADDRESS.sub(rf"\1{BLOT}", text).replace(authentication.path_token(), BLOT)


def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Return a log record without our webhook's key in its message and traceback.

    It has the request id, and its traceback no text of an exception that may hold data.
    Unchanged if its message cannot be formatted: its handler reports that. Set for the
    whole process, since gunicorn and Django's own server have loggers that no filter of
    ours would reach.
    """
    record = logging.LogRecord(*args, **kwargs)
    record.request_id = request_id.current()
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        return record  # its handler reports the fault
    if (clean := redacted(message)) != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = redacted(traceback_text(record.exc_info[1]))
    return record
