from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from django.utils.connection import ConnectionProxy

from tests.pretend_migrated import pretend_migrated


@pytest.fixture
def database_file(tmp_path, db, monkeypatch, settings) -> Iterator[Path]:
    """A whole database in a file of its own, with which everything works meanwhile."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    pretend_migrated(monkeypatch, settings)
    path = tmp_path / "handoff.sqlite3"
    connection.ensure_connection()
    path.write_bytes(connection.connection.serialize())
    in_memory = connections["default"]
    on_disk = type(in_memory)({**in_memory.settings_dict, "NAME": str(path)}, "default")
    connections["default"] = on_disk
    assert isinstance(connection, ConnectionProxy)
    connection.ensure_connection()  # which turns its log on
    try:
        yield path
    finally:
        on_disk.close()
        connections["default"] = in_memory
