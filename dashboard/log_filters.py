"""How much of what Django reports reaches the log."""

import logging

LONGEST_HOST_LINE = 200  # characters


class RefusedHost(logging.Filter):
    """Turn a refused host name into one warning: anybody can send one, and often."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info, record.exc_text = None, None
        record.msg, record.args = record.getMessage()[:LONGEST_HOST_LINE], None
        return True
