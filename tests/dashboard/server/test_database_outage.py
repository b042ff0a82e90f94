"""A database that cannot be written: a page in words, one line a minute, nothing lost."""

import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client

from assignments.services.operations.database_outage import Outage, outage_in
from dashboard.server.log_filters import OutageOncePerMinute
from tests.factories import make_manager


def full_disk() -> OperationalError:
    """The error of a real SQLite file that may not grow, as Django raises it."""
    error = OperationalError("database or disk is full")
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("PRAGMA max_page_count=2")
        try:
            database.execute("INSERT INTO t VALUES (zeroblob(100000))")
        except sqlite3.OperationalError as cause:
            error.__cause__ = cause
    return error


def postgres(kind: type[psycopg.Error]) -> OperationalError:
    error = OperationalError("x")
    error.__cause__ = kind("x")
    return error


def no_file(path: Path) -> OperationalError:
    error = OperationalError("unable to open database file")
    try:
        sqlite3.connect(path / "none" / "db")
    except sqlite3.OperationalError as cause:
        error.__cause__ = cause
    return error


class TestOutageIn:
    @pytest.mark.parametrize(
        ("error", "outage"),
        [
            (full_disk(), Outage.DISK_FULL),
            (postgres(psycopg.errors.DiskFull), Outage.DISK_FULL),
            (postgres(psycopg.OperationalError), Outage.NO_ANSWER),
            (postgres(psycopg.errors.AdminShutdown), Outage.NO_ANSWER),
            (postgres(psycopg.errors.TooManyConnections), Outage.NO_ANSWER),
            (postgres(psycopg.errors.DeadlockDetected), None),
            (postgres(psycopg.errors.UndefinedTable), None),
            (OperationalError("database or disk is full"), None),
            (ValueError("database or disk is full"), None),
            (None, None),
        ],
    )
    def test_tells_what_is_out_of_order_by_the_code(self, error, outage):
        assert outage_in(error) is outage

    def test_a_file_that_is_not_there_is_no_answer(self, tmp_path):
        assert outage_in(no_file(tmp_path)) is Outage.NO_ANSWER

    def test_an_error_of_ours_made_from_it_is_still_known(self):
        ours = RuntimeError("x")
        ours.__context__ = full_disk()

        assert outage_in(ours) is Outage.DISK_FULL


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def _nothing_can_be_saved(self, monkeypatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise full_disk()

        monkeypatch.setattr(SessionStore, "save", fail)

    def test_signing_in_says_that_the_disk_is_full(self):
        client = Client(raise_request_exception=False)
        make_manager(username="mia", password="a long enough sentence")

        answer = client.post(
            "/accounts/login/",
            {"username": "mia", "password": "a long enough sentence"},
        )

        assert answer.status_code == 503
        assert "is full, so nothing can be saved" in answer.content.decode()
        assert answer["Retry-After"] == "60"


class TestLog:
    @pytest.fixture
    def said(self, tmp_path) -> list[str]:
        """What two processes log that share the stamp."""
        self.stamp = tmp_path / "outage"
        self.processes = [OutageOncePerMinute(self.stamp) for _ in range(2)]
        return []

    def log(
        self, said: list[str], error: Exception | None, text: str = "Broke."
    ) -> None:
        for process in self.processes:
            info = (type(error), error, None) if error else None
            record = logging.LogRecord(
                "django.request", logging.ERROR, "", 0, text, None, info
            )
            if process.filter(record):
                said.append(logging.Formatter("%(message)s").format(record))

    def test_says_it_in_one_line_however_often_it_happens(self, said):
        for _ in range(100):
            self.log(said, full_disk())

        assert len(said) == 1
        assert said[0].startswith("The disk of Handoff's database is full")
        assert "\n" not in said[0]

    def test_says_it_again_after_a_minute(self, said):
        self.log(said, full_disk())
        os.utime(self.stamp, (0, time.time() - 61))

        self.log(said, full_disk())

        assert len(said) == 2

    def test_names_what_the_database_said(self, said, tmp_path):
        self.log(said, no_file(tmp_path))

        assert "unable to open database file" in said[0]

    def test_leaves_all_other_errors_as_they_are(self, said):
        self.log(said, ValueError("x"))
        self.log(said, None, "Hello.")

        assert len(said) == 4

    def test_knows_the_text_that_the_task_queue_logs(self, tmp_path):
        text = "Failed 'dispatch' - database or disk is full : Traceback …"
        record = logging.LogRecord("django-q", logging.ERROR, "", 0, text, None, None)

        assert OutageOncePerMinute(tmp_path / "outage").filter(record)
        assert "Traceback" not in record.getMessage()
