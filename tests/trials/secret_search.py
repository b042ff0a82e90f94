"""Searches the places where a secret could leak to, in all its encodings."""

import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from io import StringIO
from json import dumps
from pathlib import Path
from urllib.parse import quote, quote_plus

from django.contrib.sessions.models import Session
from django.db import connection
from django_q.models import OrmQ, Task


def encodings_of(key: str) -> list[str]:
    """Return the key as it is, and as the usual encodings would show it or its middle."""
    plain = [key, quote(key, safe=""), quote(key), quote_plus(key), escape(key)]
    plain += [dumps(key)[1:-1], key.encode().hex(), key[::-1]]
    # In base64, the letters depend on the place modulo 3; the ends on the neighbours.
    shifted = [b64encode(pad * b"x" + key.encode())[4:-4].decode() for pad in range(3)]
    return [trace.lower() for trace in plain + shifted]


def encodings_in(text: str, key: str) -> list[str]:
    text = text.lower()
    return [trace for trace in encodings_of(key) if trace in text]


@contextmanager
def captured_logs() -> Iterator[StringIO]:
    """Collect what any logger writes, at every level."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    names = list(logging.root.manager.loggerDict)
    loggers = [logging.root, *map(logging.getLogger, names)]
    before = [(logger, logger.level, logger.handlers) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        is_last = not logger.propagate or logger is logging.root
        # In place of the others: each would write all of it out once more.
        logger.handlers = [handler] if is_last else []
    yield stream
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers = handlers


def database_text() -> str:
    """Return every row of every table, with what is packed inside some of them."""
    tables = connection.introspection.table_names()
    return "\n".join([*map(_rows, tables), *_unpacked()])


def _rows(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        return "\n".join(repr(row) for row in cursor.fetchall())


def _unpacked() -> Iterator[str]:
    for queued in OrmQ.objects.all():
        yield repr(queued.task)
    for task in Task.objects.all():
        yield repr((task.name, task.func, task.args, task.kwargs, task.result))
    for session in Session.objects.all():
        yield repr(session.get_decoded())


def process_arguments() -> str:
    """Return the argument lists of all processes of this machine."""
    said = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said.append(path.read_bytes().replace(b"\0", b" "))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return b"\n".join(said).decode(errors="replace")


def file_contents(folder: Path) -> str:
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(contents).decode(errors="replace")
