"""Errors that mean that the database itself is out of order, and what people are told."""

import sqlite3
from collections.abc import Iterator
from enum import Enum

import psycopg
from django.db import InterfaceError, OperationalError

DISK_FULL = "53100"  # PostgreSQL's code
# A server that is starting, stopping, or has no room for another connection.
NOT_SERVING = {"57P01", "57P02", "57P03", "53300", "08006", "08001", "08004"}
SQLITE_DISK_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
SQLITE_NO_FILE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


class Outage(Enum):
    """A state of the database in which nothing works; the value is the sentence for
    people.
    """

    DISK_FULL = (
        "The disk of Handoff's database is full, so nothing can be saved, not even that "
        "somebody signs in. What was saved is kept. Whoever runs Handoff makes room; "
        "then it goes on by itself."
    )
    NO_ANSWER = (
        "Handoff's database does not answer. What was saved is kept. Try again in a "
        "minute, and tell whoever runs Handoff if it stays."
    )


def outage_in(error: BaseException | None) -> Outage | None:
    """Return DISK_FULL or NO_ANSWER (no connection, or no usable file), by the first
    error of a database driver (sqlite3, psycopg) behind `error`.

    None if there is no such error, or if it is about something else.
    """
    for cause in _chain(error):
        if isinstance(cause, sqlite3.Error):
            return _sqlite_outage(cause)
        if isinstance(cause, psycopg.Error):
            return _postgres_outage(cause)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and the errors that it came from, without Django's own, which wrap
    those of the drivers.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if not isinstance(error, OperationalError | InterfaceError):
            yield error
        error = error.__cause__ or error.__context__


def _sqlite_outage(error: sqlite3.Error) -> Outage | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code in SQLITE_DISK_FULL:
        return Outage.DISK_FULL
    if code is not None and code & 0xFF in SQLITE_NO_FILE:
        return Outage.NO_ANSWER
    return None


def _postgres_outage(error: psycopg.Error) -> Outage | None:
    if error.sqlstate == DISK_FULL:
        return Outage.DISK_FULL
    is_line = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return Outage.NO_ANSWER if is_line or error.sqlstate in NOT_SERVING else None
