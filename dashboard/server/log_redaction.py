"""Removal of secret addresses from the log: webhook, calendars, links to a login."""

import logging
import re
from typing import Any

from assignments import request_id
from assignments.services.webhooks import authentication
from dashboard.monitoring.exception_text import traceback_text

BLOT = "***"
_SECRET_AFTER = (
    "webhooks/smartlead", "accounts/invitation", "accounts/password/reset",
    "accounts/address/confirm", "coverage/calendar",
)  # fmt: skip
_SLASH = "(?:/|%2f)+"
_ADDRESS = re.compile(
    rf"(/+(?:{'|'.join(_SECRET_AFTER).replace('/', _SLASH)}){_SLASH})[^\s\"'<>?#]+",
    re.I,
)


def redacted(text: str) -> str:
    """Return the text with `***` for our webhook's key, and for whatever follows
    `/webhooks/smartlead/`, `/coverage/calendar/` or the path of a secret link of
    accounts, up to white space, a quote or one of `<>?#`.
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
