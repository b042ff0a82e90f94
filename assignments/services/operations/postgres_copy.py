"""Copies of a PostgreSQL database, made and put back by its own programs.

Password and address reach them through the environment, never through arguments.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from django.db import connection
from psycopg import pq

from assignments.services.operations.backup_file import BackupRefused

INSTALLED = Path("/usr/lib/postgresql")
# Only what Handoff has made, should others share the schema.
OUR_TABLES = (
    "^(assignments|auth|axes|django|mfa|socialaccount|usersessions)_"
    "|^account_email(address|confirmation)$|^shared_cache$"
)
EMPTY_SCHEMA = f"""
DO $$ DECLARE it record; BEGIN
  FOR it IN SELECT oid::regclass AS name FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
      AND relname ~ '{OUR_TABLES}' LOOP
    EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', it.name);
  END LOOP;
  FOR it IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
      AND proname ~ '^assignment_' LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', it.name);
  END LOOP;
END $$;
"""  # noqa: S608  a text of our own


def dump(target: Path) -> None:
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
    _run([_program("pg_dump"), *words], "The database cannot be copied")


def load(copy: Path, *, then: str) -> None:
    """Replace all tables and functions that are ours by the copy's and run the SQL
    `then`, in one transaction.

    Raises BackupRefused, with nothing changed, if others are connected, a program of
    PostgreSQL is missing or too old, or one fails.
    """
    _require_alone()
    connection.close()
    script = copy.with_name(f"{copy.name}.sql")
    words = ["--no-owner", "--no-privileges", f"--file={script}", str(copy)]
    try:
        script.touch(mode=0o600)
        _run([_program("pg_restore"), *words], "The backup cannot be read")
        words = ["--no-psqlrc", "--quiet", "--single-transaction"]
        words += ["--set=ON_ERROR_STOP=1", f"--command={EMPTY_SCHEMA}"]
        # The script leaves an empty search_path behind.
        words += [f"--file={script}", f"--command=RESET search_path; {then}"]
        _run([_program("psql"), *words], "Nothing was changed")
    finally:
        script.unlink(missing_ok=True)


def _require_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        [others] = cursor.fetchone()
    if others:
        raise BackupRefused(
            "Handoff runs on this database, or something else is connected to it. Stop "
            "it first."
        )


def _program(name: str) -> str:
    """Return the path of the newest installed program of this name.

    Raises BackupRefused if there is none, or it is older than the server.
    """
    server = connection.cursor().connection.info.server_version // 10000
    found = {*INSTALLED.glob(f"*/bin/{name}")}
    if on_path := shutil.which(name):
        found.add(Path(on_path))
    versions = {path: _major(path) for path in found}
    newest = max(versions, key=lambda path: versions[path], default=None)
    if newest is None or versions[newest] < server:
        raise BackupRefused(
            f"{name} of PostgreSQL {server} or newer is not on this machine (on Debian: "
            f"apt-get install postgresql-client-{server})."
        )
    return str(newest)


def _major(program: Path) -> int:
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False
    ).stdout
    number = re.search(r"\) (\d+)", said)  # pg_dump (PostgreSQL) 15.14 (Debian …)
    return int(number[1]) if number else 0


def _run(command: list[str], what_failed: str) -> None:
    done = subprocess.run(
        command, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = " ".join(done.stderr.split())[:500]
        raise BackupRefused(f"{what_failed}: {why}")


def _environment() -> dict[str, str]:
    """Return this process's environment, with the connection of the settings added as
    libpq's variables.
    """
    said = dict(connection.get_connection_params())
    names = {
        option.keyword.decode(): option.envvar.decode()
        for option in pq.Conninfo.get_defaults()
        if option.envvar
    }
    line = {
        names[key]: str(value)
        for key, value in said.items()
        if key in names and value not in (None, "")
    }
    return {**os.environ, **line}
