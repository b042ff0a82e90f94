"""A fresh database for every trial, copied from one that has been migrated once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]


class TrialDatabases(Protocol):
    def fresh(self, name: str) -> str:
        """Make a migrated, empty database and return its URL."""

    def drop(self, url: str) -> None: ...

    def close(self) -> None: ...


def process_environment(database: str, **more: str) -> dict[str, str]:
    """Return the environment of a process of a trial."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "SECRET_KEY": "only-for-trials-" + "x" * 40,
        "DEBUG": "0",
        "SMARTLEAD_API_KEY": "sandbox-key",
        "SMARTLEAD_BASE_URL": "http://127.0.0.1:1/api/v1",
        "DATABASE_URL": database,
        **more,
    }


def manage_command(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def _migrate(url: str) -> None:
    command = manage_command("migrate", "--verbosity", "0")
    subprocess.run(command, cwd=ROOT, env=process_environment(url), check=True)


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.sqlite3"
        _migrate(f"sqlite:///{self._template}")

    def fresh(self, name: str) -> str:
        path = self._folder / f"{name}.sqlite3"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        path = Path(url.removeprefix("sqlite:///"))
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()

    def close(self) -> None:
        """Do nothing: the files go with the folder."""


class PostgresDatabases:
    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self._template = f"trial_template_{os.getpid()}"
        self._create(self._template, like="template1")
        _migrate(self._url(self._template))

    def fresh(self, name: str) -> str:
        database = f"trial_{os.getpid()}_{name}".replace("-", "_")
        self._create(database, like=self._template)
        return self._url(database)

    def drop(self, url: str) -> None:
        self._execute(f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")

    def close(self) -> None:
        self.drop(self._url(self._template))

    def _create(self, database: str, *, like: str) -> None:
        self._execute(f"CREATE DATABASE {database} TEMPLATE {like}")

    def _url(self, database: str) -> str:
        return self._server._replace(path=f"/{database}").geturl()

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(statement)
