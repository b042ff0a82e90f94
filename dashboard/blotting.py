"""What a log must not hold: the address of our webhook, which is a key."""

import logging
import re

_ADDRESS = re.compile(r"(/webhooks/smartlead/)[^/\s\"']+")


class WithoutWebhookAddress(logging.Filter):
    """Django logs the path of whatever it refuses."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _blotted(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_blotted(arg) for arg in record.args)
        return True


def _blotted(said: object) -> object:
    return _ADDRESS.sub(r"\1***", said) if isinstance(said, str) else said
