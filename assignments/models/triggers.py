"""Database triggers that keep history as it was (docs/design/design.md, rule 7).

Installed after every migration, since SQLite drops a table's triggers when Django
rebuilds the table.
"""

from typing import Any

from django.db import connections

from assignments.models.assignment import FINAL

KEPT = (
    "lead_id", "expected_id", "expected_known", "to_id", "cause", "actor_id", "reason",
    "batch_id", "after_id", "reverses_id", "state", "outcome", "found_id",
    "created_at", "finished_at", "sent_at", "sends",
)  # fmt: skip
TABLE = "assignments_assignment"
SENTENCE = "history is append-only: this assignment is final"


def install(*, using: str, **_: Any) -> None:
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    statements = _SQL[connection.vendor]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


_FINAL = ", ".join(f"'{state}'" for state in FINAL)
_SQLITE_CHANGED = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in KEPT)
_POSTGRES_CHANGED = " OR ".join(
    f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in KEPT
)
_SQL = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS assignment_history_is_kept",
        f"CREATE TRIGGER assignment_history_is_kept BEFORE UPDATE ON {TABLE} "
        f"WHEN OLD.state IN ({_FINAL}) AND ({_SQLITE_CHANGED}) "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION assignment_history_is_kept() RETURNS trigger "
        f"AS $$ BEGIN RAISE EXCEPTION '{SENTENCE}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$ LANGUAGE plpgsql",
        f"DROP TRIGGER IF EXISTS assignment_history_is_kept ON {TABLE}",
        f"CREATE TRIGGER assignment_history_is_kept BEFORE UPDATE ON {TABLE} "
        f"FOR EACH ROW WHEN (OLD.state IN ({_FINAL}) AND ({_POSTGRES_CHANGED})) "
        "EXECUTE FUNCTION assignment_history_is_kept()",
    ),
}
