"""Makes a database look migrated, for tests whose tables were made from the models."""

from typing import Any

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def pretend_migrated(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    *,
    also: tuple[tuple[str, str], ...] = (),
) -> None:
    """Record all migrations of this code as applied, and `also` others."""
    settings.MIGRATION_MODULES = {}
    known = dict(MigrationLoader(None).disk_migrations)
    applied = {**known, **dict.fromkeys(also)}
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda _: applied)
