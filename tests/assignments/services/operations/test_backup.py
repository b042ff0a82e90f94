import json
import os
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from assignments.models import Account, Lead
from assignments.services import account as accounts
from assignments.services.operations import doctor, sqlite_copy
from assignments.services.operations.backup import back_up, restore
from assignments.services.operations.backup_file import BackupRefused
from assignments.services.operations.serve_lock import serving_lock
from assignments.services.task_leases import record_heartbeat
from tests.factories import MONDAY, make_lead, make_manager


@pytest.fixture
def backup(database_file, tmp_path) -> Path:
    """A backup of a database with one manager and one lead."""
    make_manager()
    make_lead()
    path = tmp_path / "kept.backup"
    back_up(path, at=MONDAY)
    return path


def put_back(path: Path, *, may_replace: bool = True) -> list[str]:
    return restore(path, may_replace=may_replace, at=timezone.now())


def changed(path: Path, **fields: object) -> Path:
    """The same backup, with other things in its manifest."""
    with zipfile.ZipFile(path) as old:
        manifest = json.loads(old.read("manifest.json")) | fields
        copy = old.read("database")
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("manifest.json", json.dumps(manifest))
        new.writestr("database", copy)
    return path


class TestBackUp:
    def test_only_its_owner_may_read_it(self, backup):
        assert backup.stat().st_mode & 0o777 == 0o600

    def test_nothing_else_is_left_behind(self, backup, tmp_path):
        names = {path.name for path in tmp_path.iterdir()}

        assert names - {"handoff.sqlite3-wal", "handoff.sqlite3-shm"} == {
            "handoff.sqlite3",
            "kept.backup",
        }

    def test_it_tells_version_account_and_migrations_and_no_key(self, backup, settings):
        with zipfile.ZipFile(backup) as file:
            text = file.read("manifest.json").decode()

        told = json.loads(text)
        assert told["version"] == "0.2.0"
        assert "assignments.0001_initial" in told["migrations"]
        assert settings.SMARTLEAD_API_KEY not in text
        assert settings.SECRET_KEY not in text

    def test_it_holds_what_only_the_log_holds_yet(self, database_file, tmp_path):
        connection.cursor().execute("PRAGMA wal_autocheckpoint=0")
        make_lead()
        back_up(tmp_path / "b", at=MONDAY)
        Lead.objects.all().delete()

        put_back(tmp_path / "b")

        assert Lead.objects.count() == 1

    def test_it_is_made_while_somebody_writes(self, database_file, tmp_path):
        with closing(sqlite3.connect(database_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            back_up(tmp_path / "b", at=MONDAY)

        assert (tmp_path / "b").exists()

    def test_a_database_that_stays_locked_is_given_up(
        self, database_file, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(sqlite_copy, "MOST_TRIES", 1)
        connection.close()
        with closing(sqlite3.connect(database_file)) as other:
            other.execute("PRAGMA locking_mode=EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")

            with pytest.raises(BackupRefused, match="locked"):
                sqlite_copy.dump(tmp_path / "b")

    def test_another_file_is_never_replaced(self, backup):
        with pytest.raises(BackupRefused, match="exists already"):
            back_up(backup, at=MONDAY)

    def test_a_folder_that_is_not_there_is_said(self, database_file, tmp_path):
        with pytest.raises(BackupRefused, match="cannot be written: No such file"):
            back_up(tmp_path / "none" / "b", at=MONDAY)


class TestRestore:
    def test_everything_is_as_it_was(self, backup):
        Lead.objects.all().delete()

        put_back(backup)

        assert Lead.objects.count() == 1

    def test_all_writes_are_paused(self, backup):
        put_back(backup)

        account = Account.objects.get()
        assert account.paused_at is not None
        assert "restored from a backup" in account.pause_reason

    def test_it_stays_paused_as_it_was(self, database_file, tmp_path):
        accounts.pause_writes(actor=None, reason="Importing.", at=MONDAY)
        back_up(tmp_path / "b", at=MONDAY)

        put_back(tmp_path / "b")

        assert Account.objects.get().pause_reason == "Importing."

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_a_log_left_of_the_old_database_is_never_replayed(
        self, backup, database_file, is_gone
    ):
        connection.cursor().execute("PRAGMA wal_autocheckpoint=0")
        for _ in range(50):
            make_lead()
        stale = database_file.with_name("stale-wal")
        shutil.copy(f"{database_file}-wal", stale)
        connection.close()
        shutil.copy(stale, f"{database_file}-wal")
        if is_gone:
            database_file.unlink()

        put_back(backup)

        assert Lead.objects.count() == 1
        [said] = connection.cursor().execute("PRAGMA integrity_check").fetchone()
        assert said == "ok"

    def test_the_database_before_it_is_kept(self, backup, database_file):
        make_lead()

        news = put_back(backup)

        kept = database_file.with_name("handoff.sqlite3.before-restore")
        assert any(str(kept) in sentence for sentence in news)
        with closing(sqlite3.connect(kept)) as old:
            rows = old.execute("SELECT count(*) FROM assignments_lead").fetchone()
        assert rows == (2,)

    def test_a_database_that_is_there_is_replaced_only_if_that_is_said(self, backup):
        make_lead()

        with pytest.raises(BackupRefused, match="Say --yes"):
            put_back(backup, may_replace=False)

        assert Lead.objects.count() == 2

    @pytest.mark.parametrize("there", [None, b""])
    def test_an_empty_place_needs_no_yes(self, backup, database_file, there):
        connection.close()
        for path in database_file.parent.glob("handoff.sqlite3*"):
            path.unlink()
        if there is not None:
            database_file.write_bytes(there)

        put_back(backup, may_replace=False)

        assert Lead.objects.count() == 1

    def test_a_damaged_database_can_be_replaced(self, backup, database_file):
        connection.close()
        database_file.write_bytes(b"no database" * 1000)

        put_back(backup)

        assert Lead.objects.count() == 1

    def test_it_is_refused_while_handoff_runs(self, backup):
        with serving_lock(), pytest.raises(BackupRefused, match="Stop it first"):
            put_back(backup)

    def test_it_is_refused_while_somebody_else_has_it_open(self, backup, database_file):
        with closing(sqlite3.connect(database_file)) as other:
            other.execute("SELECT count(*) FROM assignments_lead").fetchone()

            with pytest.raises(BackupRefused, match="Stop it first"):
                put_back(backup)

    @pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
    def test_a_file_cut_short_is_refused(self, backup, share):
        os.truncate(backup, int(backup.stat().st_size * share))
        make_lead()

        with pytest.raises(BackupRefused, match="cut short"):
            put_back(backup)

        assert Lead.objects.count() == 2

    def test_a_file_with_one_wrong_byte_is_refused(self, backup):
        content = bytearray(backup.read_bytes())
        content[len(content) // 2] ^= 0xFF
        backup.write_bytes(content)

        with pytest.raises(BackupRefused, match="damaged"):
            put_back(backup)

    def test_another_file_is_refused(self, backup, database_file, tmp_path):
        other = tmp_path / "other"
        shutil.copy(database_file, other)
        zipped = tmp_path / "other.zip"
        with zipfile.ZipFile(zipped, "w") as file:
            file.writestr("notes.txt", "hello")

        for path in (other, zipped):
            with pytest.raises(BackupRefused, match="no whole file of manage"):
                put_back(path)

    def test_a_file_that_is_not_there_is_refused(self, database_file, tmp_path):
        with pytest.raises(BackupRefused, match="cannot be read: No such file"):
            put_back(tmp_path / "none")

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"engine": "postgresql"}, "backup of PostgreSQL, and DATABASE_URL names"),
            ({"engine": "oracle"}, "backup of oracle"),
            ({"format": 2, "version": "9.0"}, "Handoff 9.0 made this backup"),
            (
                {"migrations": ["assignments.9999_later"], "version": "9.0"},
                r"does not know \(assignments.9999_later\)",
            ),
            (
                {"migrations": ["assignments.0002_account_row"], "version": "0.1.0"},
                r"Handoff 0.1.0 made this backup before the first release",
            ),
            ({"sha256": "0" * 64}, "damaged"),
            ({"more": 1}, "no whole file"),
        ],
    )
    def test_what_does_not_fit_is_refused_before_anything_is_touched(
        self, backup, fields, sentence
    ):
        make_lead()

        with pytest.raises(BackupRefused, match=sentence):
            put_back(changed(backup, **fields))

        assert Lead.objects.count() == 2

    def test_an_older_backup_says_that_it_must_be_migrated(self, backup):
        news = put_back(changed(backup, migrations=["assignments.0001_initial"]))

        assert any("manage.py migrate" in sentence for sentence in news)

    def test_a_backup_of_another_account_says_so_and_stays_tied_to_it(
        self, database_file, tmp_path, settings
    ):
        accounts.bind(MONDAY)
        back_up(tmp_path / "b", at=MONDAY)
        settings.SMARTLEAD_API_KEY = "another"

        news = put_back(tmp_path / "b")

        assert any("doctor --rebind" in sentence for sentence in news)
        assert accounts.binding_problem(Account.objects.get())

    def test_a_worker_from_before_is_no_alarm_for_doctor(self, database_file, tmp_path):
        record_heartbeat("worker", at=MONDAY)
        back_up(tmp_path / "b", at=MONDAY)

        put_back(tmp_path / "b")

        assert not doctor.worker(at=timezone.now()).is_problem

    def test_a_copy_that_is_damaged_inside_is_refused(self, backup, monkeypatch):
        def find_damage(path: Path) -> None:
            raise BackupRefused("The database is damaged: row 7 missing.")

        monkeypatch.setattr(sqlite_copy, "check_integrity", find_damage)
        make_lead()

        with pytest.raises(BackupRefused, match="row 7"):
            put_back(backup)

        assert Lead.objects.count() == 2


class TestCommands:
    def test_a_refusal_is_one_sentence(self, database_file, tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("restore", str(tmp_path / "none"))

    def test_without_a_name_a_new_file_is_written_below_var(
        self, database_file, settings, tmp_path, capsys
    ):
        settings.BASE_DIR = tmp_path

        call_command("backup")

        [path] = (tmp_path / "var/backups").iterdir()
        assert str(path) in capsys.readouterr().out
        assert path.parent.stat().st_mode & 0o777 == 0o700
