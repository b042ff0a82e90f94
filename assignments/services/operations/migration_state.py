"""The migrations that the database has, compared with those of this code."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.management import CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from assignments.services.operations.findings import Finding, fine, problem

# Versions before the first release had a migration of this name; none has it since.
UNRELEASED = "assignments.0002_account_row"
_OF_AN_UNRELEASED_VERSION = (
    "This database was made by a version from before the first release, and cannot be "
    "carried over."
)
_BEGIN_ANEW = "Begin anew: make fresh for the demo's data, else an empty database."


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationState:
    """Names like `assignments.0001_initial`, in the order of their application."""

    missing: list[str]  # in the code, not in the database
    newer: list[str]  # in the database, not in the code


def read_migration_state() -> MigrationState:
    executor = MigrationExecutor(connection)
    loader = executor.loader
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known |= set(migration.replaces)
    newer = [
        key
        for key in loader.applied_migrations
        if key[0] in loader.migrated_apps and key not in known
    ]
    return MigrationState(
        missing=_names((one.app_label, one.name) for one, _ in plan),
        newer=_names(newer),
    )


def applied_migrations() -> list[str]:
    """Return the names (`app.name`) of all migrations that the database has, sorted."""
    loader = MigrationExecutor(connection).loader
    return sorted(_names(loader.applied_migrations))


def known_migrations() -> set[str]:
    """Return the names (`app.name`) of all migrations of this code."""
    return set(_names(MigrationExecutor(None).loader.disk_migrations))


def refuse_unreleased_database(*, using: str, **_: object) -> None:
    """Raise CommandError if the database `using` was made by a version from before the
    first release. A receiver of the pre_migrate signal.
    """
    applied = MigrationRecorder(connections[using]).applied_migrations()
    if UNRELEASED in _names(applied):
        raise CommandError(f"{_OF_AN_UNRELEASED_VERSION} {_BEGIN_ANEW}")


def migrations() -> Finding:
    state = read_migration_state()
    if UNRELEASED in state.newer:
        return problem("migrations", _OF_AN_UNRELEASED_VERSION, _BEGIN_ANEW)
    if state.newer:
        return problem(
            "migrations",
            f"A newer Handoff has changed this database ({_listed(state.newer)}), and "
            "this code does not know how.",
            "Run the newer code, or go back with the backup made before the update: "
            "manage.py restore",
        )
    if state.missing:
        return problem(
            "migrations",
            f"The database lacks {len(state.missing)} of the migrations "
            f"({_listed(state.missing)}).",
            "Run: manage.py migrate",
        )
    return fine("migrations", "The database is up to date.")


def _names(keys: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{app}.{name}" for app, name in keys]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
