"""Copies of a SQLite database, made while it is used, and put in its place."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

from django.db import connection

from assignments.services.operations.backup_file import BackupRefused, sync_folder
from assignments.services.operations.serve_lock import AlreadyServed, serving_lock

IN_USE = "Handoff runs on this database, or something else has it open. Stop it first."
MOST_TRIES = 240  # at four a second
SIDE_FILES = ("-wal", "-shm", "-journal")


def database_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def dump(target: Path) -> None:
    """Copy the database as it is at one moment to `target`, one file without a log; it
    may be in use.

    Raises BackupRefused if it stays locked for a minute, or if the copy is damaged.
    """
    with (
        closing(
            sqlite3.connect(f"{database_file().as_uri()}?mode=ro", uri=True)
        ) as ours,
        closing(sqlite3.connect(target)) as copy,
    ):
        ours.backup(copy, progress=_give_up_in_time(), sleep=0.25)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    check_integrity(target)


def _give_up_in_time() -> Callable[[int, int, int], None]:
    """Return a function, called after each try to read the locked database, that raises
    BackupRefused when it has been called more than MOST_TRIES times.
    """
    tries = count()

    def look(status: int, remaining: int, total: int) -> None:
        if next(tries) >= MOST_TRIES:
            raise BackupRefused("The database has been locked for a minute. Try again.")

    return look


def check_integrity(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as database:
            [said] = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise BackupRefused(f"The database is damaged: {said}.")


def load(copy: Path, *, then: str) -> Path | None:
    """Run the SQL `then` in the copy and put it in place of the database, whose log is
    put aside; return where the old database was put ("….before-restore"), None if
    there was none.

    Raises BackupRefused if the copy is damaged or the database is in use.
    """
    check_integrity(copy)
    with closing(sqlite3.connect(copy)) as database:
        database.execute(then)
        database.commit()
    path = database_file()
    connection.close()
    try:
        with serving_lock():
            if path.exists():
                _require_alone(path)
            return _replace(path, copy)
    except AlreadyServed:
        raise BackupRefused(IN_USE) from None


def _require_alone(path: Path) -> None:
    """Write the log back into the old database.

    Raises BackupRefused while others have it open; a damaged one passes, since that may
    be why somebody restores.
    """
    with closing(sqlite3.connect(path, timeout=1)) as old:
        try:
            old.execute("PRAGMA locking_mode=EXCLUSIVE")
            old.execute("BEGIN EXCLUSIVE")
            old.execute("COMMIT")
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise BackupRefused(IN_USE) from None
        except sqlite3.DatabaseError:
            return  # damaged; which may be why somebody restores


def _replace(path: Path, copy: Path) -> Path | None:
    kept = path.with_name(f"{path.name}.before-restore")
    for suffix in ("", *SIDE_FILES):
        Path(f"{kept}{suffix}").unlink(missing_ok=True)
    owner = (path if path.exists() else path.parent).stat()
    with suppress(PermissionError):  # only root gives files away
        os.chown(copy, owner.st_uid, owner.st_gid)
    existed = path.exists()
    if existed:
        shutil.copy2(path, kept)
    for suffix in SIDE_FILES:
        with suppress(FileNotFoundError):
            os.replace(f"{path}{suffix}", f"{kept}{suffix}")
    copy.replace(path)
    sync_folder(path.parent)
    return kept if existed else None
