import re
import shutil
from pathlib import Path

import pytest
from django.db import connection, connections
from django.utils import timezone

from assignments.models import Account, Lead
from assignments.services.operations import postgres_copy
from assignments.services.operations.backup import back_up, restore
from assignments.services.operations.backup_file import BackupRefused
from assignments.services.operations.postgres_copy import OUR_TABLES
from tests.factories import MONDAY, make_lead, make_manager
from tests.pretend_migrated import pretend_migrated

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connections["default"].vendor != "postgresql", reason="PostgreSQL only"
    ),
]


@pytest.fixture
def backup(tmp_path, monkeypatch, settings) -> Path:
    pretend_migrated(monkeypatch, settings)
    settings.BASE_DIR = tmp_path
    make_manager()
    make_lead()
    path = tmp_path / "kept.backup"
    back_up(path, at=MONDAY)
    return path


def put_back(path: Path, *, may_replace: bool = True) -> None:
    restore(path, may_replace=may_replace, at=timezone.now())


def test_everything_is_as_it_was_and_writes_are_paused(backup):
    Lead.objects.all().delete()

    put_back(backup)

    assert Lead.objects.count() == 1
    assert "restored from a backup" in Account.objects.get().pause_reason


def test_every_table_of_ours_is_known_as_ours():
    names = connection.introspection.django_table_names(only_existing=False)

    assert [name for name in names if not re.search(OUR_TABLES, name)] == []


def test_a_table_that_came_later_does_not_stand_in_the_way(backup):
    connection.cursor().execute(
        "CREATE TABLE assignments_later (id int, lead_id bigint "
        "REFERENCES assignments_lead (map_id))"
    )

    put_back(backup)

    assert "assignments_later" not in connection.introspection.table_names()


def test_a_table_of_somebody_else_is_left_alone(backup):
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS somebody_elses (id int)")

    put_back(backup)

    names = connection.introspection.table_names()
    connection.cursor().execute("DROP TABLE somebody_elses")
    assert "somebody_elses" in names


def test_history_is_kept_by_its_trigger_as_before(backup):
    put_back(backup)

    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
    assert cursor.fetchone()[0] >= 1


def test_a_database_that_is_there_is_replaced_only_if_that_is_said(backup):
    with pytest.raises(BackupRefused, match="Say --yes"):
        put_back(backup, may_replace=False)


def test_it_is_refused_while_somebody_else_is_connected(backup):
    other = connections.create_connection("default")
    try:
        other.cursor().execute("SELECT 1")

        with pytest.raises(BackupRefused, match="Stop it first"):
            put_back(backup)
    finally:
        other.close()


def test_a_restore_that_fails_half_way_changes_nothing(backup, monkeypatch):
    monkeypatch.setattr("assignments.services.operations.backup.PAUSE_WRITES", "broken")
    make_lead()

    with pytest.raises(BackupRefused, match="Nothing was changed"):
        put_back(backup)

    assert Lead.objects.count() == 2


def test_the_password_is_no_argument_of_any_program(backup, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "sesame")
    seen: list[tuple[list[str], dict[str, str]]] = []

    class Done:
        returncode = 0
        stdout = "pg_dump (PostgreSQL) 99.1"

    def run(command: list[str], **options: object) -> Done:
        seen.append(([str(word) for word in command], options.get("env") or {}))
        return Done()

    monkeypatch.setattr(postgres_copy.subprocess, "run", run)
    postgres_copy.dump(Path("x"))

    assert seen[-1][1]["PGPASSWORD"] == "sesame"
    assert not any("sesame" in word for words, _ in seen for word in words)


def test_a_program_older_than_the_server_is_refused(monkeypatch):
    monkeypatch.setattr(postgres_copy, "_major", lambda _: 9)

    with pytest.raises(BackupRefused, match=r"pg_dump of PostgreSQL \d+ or newer"):
        postgres_copy.dump(Path("x"))


def test_a_missing_program_is_said(monkeypatch):
    monkeypatch.setattr(postgres_copy, "INSTALLED", Path("/none"))
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(BackupRefused, match="apt-get install postgresql-client-"):
        postgres_copy.dump(Path("x"))
