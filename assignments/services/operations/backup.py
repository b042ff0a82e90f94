"""Backups of the whole database, and how one is put back."""

import os
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.db import DatabaseError, connection

from assignments.models import Account
from assignments.services import account as accounts
from assignments.services.operations import postgres_copy, sqlite_copy
from assignments.services.operations.backup_file import (
    FORMAT,
    BackupRefused,
    Manifest,
    checksum,
    open_backup,
    private_file,
    unpack,
    write_backup,
)
from assignments.services.operations.migration_state import (
    UNRELEASED,
    applied_migrations,
    known_migrations,
)
from assignments.services.operations.status import STOPPED
from assignments.services.task_leases import record_heartbeat
from assignments.version import VERSION

LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# Plain SQL, since it is done in the copy, before it takes its place, and the copy may
# have been made by older code.
PAUSE_WRITES = (
    "UPDATE assignments_account SET paused_at = CURRENT_TIMESTAMP, pause_reason = "
    "'The database was restored from a backup and may know less than Smartlead. Look "
    "through what waits, then resume.' WHERE paused_at IS NULL"
)


def default_file(at: datetime) -> Path:
    folder = settings.BASE_DIR / "var" / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(folder / f"handoff-{at.astimezone(UTC):%Y%m%d-%H%M%S}.backup")


def back_up(path: Path, *, at: datetime) -> None:
    """Write a backup of the database to the new file `path`.

    Raises BackupRefused if the file exists or cannot be written, or if the database is
    damaged, locked for a minute, or cannot be copied.
    """
    if path.exists():
        raise BackupRefused(f"{path} exists already. Name another file.")
    try:
        with private_file(path.with_name(f".{path.name}.{os.getpid()}.copy")) as copy:
            _engine().dump(copy)
            write_backup(path, copy=copy, manifest=_manifest(copy, at))
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error.strerror}.") from None


def _manifest(copy: Path, at: datetime) -> Manifest:
    account = _account()
    return Manifest(
        format=FORMAT,
        version=VERSION,
        engine=connection.vendor,
        made_at=at.astimezone(UTC).isoformat(timespec="seconds"),
        migrations=applied_migrations(),
        base_url=account.base_url,
        fingerprint=account.fingerprint,
        sha256=checksum(copy),
    )


def _account() -> Account:
    """Return base URL and fingerprint of the account; an empty, unsaved one if there is
    none. No other column is read: older databases may lack it.
    """
    known = Account.objects.only("base_url", "fingerprint")
    return known.first() or Account()


def restore(path: Path, *, may_replace: bool, at: datetime) -> list[str]:
    """Replace the database by the backup, pause all writes, and record that the worker
    is stopped.

    Return sentences for whoever restores, on what was done and what is to be done.
    Raises BackupRefused if the file is no whole backup, does not fit this code and kind
    of database, or others use the database; or if it would replace Handoff's tables and
    `may_replace` is False. The old database then stays.
    """
    with open_backup(path) as (manifest, bytes_of_copy):
        _check(manifest)
        if not may_replace and "assignments_user" in _tables():
            raise BackupRefused(
                "There is a database already, and it would be replaced. Say --yes if "
                "that is meant; manage.py backup keeps it."
            )
        folder = _work_folder()
        with private_file(folder / f".handoff-restore.{os.getpid()}") as copy:
            unpack(bytes_of_copy, copy, manifest=manifest)
            kept = _engine().load(copy, then=PAUSE_WRITES)
    record_heartbeat(STOPPED, at=at)
    return _news(manifest, kept)


def _check(manifest: Manifest) -> None:
    if manifest.format > FORMAT:
        raise BackupRefused(
            f"Handoff {manifest.version} made this backup, and this is {VERSION}. Use "
            "that version to restore it."
        )
    if manifest.engine != connection.vendor:
        theirs, ours = LABELS.get(manifest.engine), LABELS[connection.vendor]
        raise BackupRefused(
            f"This is a backup of {theirs or manifest.engine}, and DATABASE_URL names "
            f"{ours}. They cannot be put into each other."
        )
    if UNRELEASED in manifest.migrations:
        raise BackupRefused(
            f"Handoff {manifest.version} made this backup before the first release. It "
            "cannot be carried over; that version can still read it."
        )
    if newer := sorted(set(manifest.migrations) - known_migrations()):
        raise BackupRefused(
            f"Handoff {manifest.version} made this backup. It holds changes that this "
            f"code, {VERSION}, does not know ({newer[0]}). Run the newer code first."
        )


def _tables() -> list[str]:
    if connection.vendor == "sqlite" and not sqlite_copy.database_file().exists():
        return []
    try:
        return connection.introspection.table_names()
    except DatabaseError:
        return ["assignments_user"]  # damaged: there is something


def _work_folder() -> Path:
    """Return the folder of the SQLite file, since a rename must not cross disks; for
    PostgreSQL the folder var/, created if missing.
    """
    if connection.vendor == "sqlite":
        return sqlite_copy.database_file().parent
    folder = Path(settings.BASE_DIR / "var")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _news(manifest: Manifest, kept: Path | None) -> list[str]:
    news = [
        f"The backup of {manifest.made_at} (Handoff {manifest.version}) is restored."
    ]
    if kept is not None:
        news.append(f"The database before it is kept as {kept}.")
    if known_migrations() - set(manifest.migrations):
        news.append("It is older than this code. Run: manage.py migrate")
    if problem := accounts.binding_problem(_account()):
        news.append(problem)
    news.append("All writes are paused until a sales manager resumes them on /system/.")
    return news


def _engine() -> ModuleType:
    return sqlite_copy if connection.vendor == "sqlite" else postgres_copy
