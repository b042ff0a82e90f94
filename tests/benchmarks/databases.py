"""A database of its own for every run, dropped afterwards."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

SERVER_VARIABLE = "TEST_DATABASE_URL"


def kinds() -> list[str]:
    return ["sqlite", "postgres"] if SERVER_VARIABLE in os.environ else ["sqlite"]


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    parts = urlsplit(os.environ[SERVER_VARIABLE])
    name = f"bench_{secrets.token_hex(4)}"
    server = urlunsplit(parts._replace(path="/postgres"))
    _execute(server, "CREATE DATABASE {}", name)
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        _execute(server, "DROP DATABASE {} WITH (FORCE)", name)


def _execute(server: str, words: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(words).format(sql.Identifier(name)))
