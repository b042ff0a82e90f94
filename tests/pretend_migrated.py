"""A database that pretends to have been migrated, for tests whose tables were not."""

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
    """Have all migrations of this code applied, and `also` others."""
    settings.MIGRATION_MODULES = {}
    known = dict(MigrationLoader(None).disk_migrations)
    applied = {**known, **dict.fromkeys(also)}
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda _: applied)
