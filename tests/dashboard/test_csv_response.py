"""Exports are bounded: one at a time for each person, in size, in time, in queries."""

import csv
import gzip
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client

from assignments.models import Assignment, Lead
from dashboard import csv_response
from dashboard.history.filter import NEWEST_FIRST
from dashboard.pagination import in_chunks
from dashboard.performance.views import BY_KEY
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_assignment,
    make_lead,
    make_manager,
    make_member,
)

pytestmark = pytest.mark.django_db

EXPORTS = [
    "/history/export.csv",
    "/team/performance.csv",
    "/team/performance/answers.csv",
    "/team/performance/leads.csv",
]
UNFINISHED = "Your last export has not arrived yet."
HOLD = (
    "import fcntl, sys, time; lock = open(sys.argv[1]); fcntl.flock(lock, 2);"
    "print('held', flush=True); time.sleep(60)"
)


@contextmanager
def without_end_of_request() -> Iterator[None]:
    """Keep the test's connection, which Django closes when a request ends."""
    request_finished.disconnect(close_old_connections)
    try:
        yield
    finally:
        request_finished.connect(close_old_connections)


@pytest.fixture
def manager(client):
    user = make_manager()
    client.force_login(user)
    return user


def text_of(response) -> str:
    """The file, read to its end."""
    return b"".join(response.streaming_content).decode("utf-8-sig")


def lines_of(response) -> list[list[str]]:
    return list(csv.reader(StringIO(text_of(response), newline="")))


class TestOneAtATime:
    @pytest.mark.parametrize("second", EXPORTS)
    def test_a_second_one_is_refused_while_the_first_is_read(
        self, client, manager, second
    ):
        first = client.get("/history/export.csv")

        refused = client.get(second)
        text_of(first)
        again = client.get(second)

        assert refused.status_code == 429
        assert UNFINISHED in refused.content.decode()
        assert again.status_code == 200
        text_of(again)

    def test_a_reader_who_goes_away_ends_the_export(self, client, manager):
        went_away = client.get("/history/export.csv")
        with without_end_of_request():
            went_away.close()

        assert text_of(client.get("/history/export.csv"))

    def test_another_person_is_not_concerned(self, client, manager):
        first = client.get("/history/export.csv")
        other = Client()
        other.force_login(make_manager())

        response = other.get("/history/export.csv")

        assert response.status_code == 200
        text_of(response)
        text_of(first)

    def test_an_export_that_breaks_ends(self, client, manager, monkeypatch):
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("The database is gone.")

        monkeypatch.setattr("dashboard.history.views.csv_lines", fail)
        with pytest.raises(RuntimeError, match="gone"):
            client.get("/history/export.csv")
        monkeypatch.undo()

        assert text_of(client.get("/history/export.csv"))

    def test_a_process_that_dies_frees_it(self, client, manager, settings):
        text_of(client.get("/history/export.csv"))
        (lock,) = settings.EXPORT_LOCKS.glob(f"*-{manager.pk}")
        command = [sys.executable, "-c", HOLD, lock]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            holder.stdout.readline()
            refused = client.get("/history/export.csv")
            holder.kill()

        assert refused.status_code == 429
        assert text_of(client.get("/history/export.csv"))

    def test_a_wrong_filter_does_not_count(self, client, manager):
        assert client.get("/history/export.csv?state=lost").status_code == 400
        assert text_of(client.get("/history/export.csv"))

    def test_locks_are_read_by_nobody_else(self, client, manager, settings, tmp_path):
        settings.EXPORT_LOCKS = tmp_path / "locks"
        text_of(client.get("/history/export.csv"))

        assert settings.EXPORT_LOCKS.stat().st_mode & 0o777 == 0o700
        (lock,) = settings.EXPORT_LOCKS.iterdir()
        assert lock.stat().st_size == 0


class TestBounds:
    @pytest.fixture
    def rows(self, manager, monkeypatch):
        monkeypatch.setattr(csv_response, "BATCH", 2)
        ana = make_member("Ana")
        for _ in range(6):
            make_assignment(make_lead(), ana)

    def test_a_file_within_the_bounds_is_whole(self, client, rows):
        response = client.get("/history/export.csv")

        assert "-cut" not in response["Content-Disposition"]
        assert len(lines_of(response)) == 7

    def test_what_is_too_large_is_cut_and_says_so(self, client, rows, monkeypatch):
        monkeypatch.setattr(csv_response, "MOST_BYTES", 500)

        response = client.get("/history/export.csv")

        lines = lines_of(response)
        assert "-cut.csv" in response["Content-Disposition"]
        assert 2 <= len(lines) < 7
        assert lines[-1][0].startswith("This file ends here:")

    def test_what_takes_too_long_is_cut_and_says_so(self, client, rows, monkeypatch):
        monkeypatch.setattr(csv_response, "MOST_SECONDS", -1)

        response = client.get("/history/export.csv")

        assert "-cut.csv" in response["Content-Disposition"]
        assert lines_of(response)[-1][0].startswith("This file ends here:")

    def test_a_file_that_just_fits_is_not_called_cut(self, client, rows, monkeypatch):
        length = len(text_of(client.get("/history/export.csv")).encode())
        monkeypatch.setattr(csv_response, "MOST_BYTES", length - 1)

        response = client.get("/history/export.csv")

        assert "-cut" not in response["Content-Disposition"]
        text_of(response)

    def test_too_many_at_once_are_told_to_wait(self, client, manager):
        for _ in range(csv_response.MOST_AT_ONCE):
            csv_response._places.acquire()
        refused = client.get("/history/export.csv")
        for _ in range(csv_response.MOST_AT_ONCE):
            csv_response._places.release()

        assert refused.status_code == 503
        assert "Try again in a minute." in refused.content.decode()
        assert text_of(client.get("/history/export.csv"))

    def test_a_disk_without_room_is_said(self, client, manager, settings, tmp_path):
        (tmp_path / "file").touch()
        settings.EXPORT_LOCKS = tmp_path / "file" / "locks"

        response = client.get("/history/export.csv")

        assert response.status_code == 503
        assert "no room on its disk" in response.content.decode()

    @pytest.mark.parametrize("path", ["/history/", "/team/performance/"])
    def test_the_page_says_the_bounds_beside_the_button(self, client, rows, path):
        assert "100 MB" in client.get(path).content.decode()


class TestReading:
    def test_rows_of_one_moment_are_neither_lost_nor_doubled(self):
        lead, ana = make_lead(), make_member("Ana")
        for minutes in (0, 0, 0, 1, 1, 2, 2, 2, 2):
            at = MONDAY + timedelta(minutes=minutes)
            make_assignment(
                lead, ana, created_at=at, state="done", finished_at=at + timedelta(1)
            )

        read = list(in_chunks(Assignment.objects.all(), order=NEWEST_FIRST, size=2))

        assert read == list(Assignment.objects.order_by("-created_at", "-pk"))

    @pytest.mark.parametrize(("count", "queries"), [(0, 1), (1, 1), (2, 2), (5, 3)])
    def test_each_query_reads_one_chunk(self, count, queries):
        for _ in range(count):
            make_lead()
        made = queries_of(
            lambda: list(in_chunks(Lead.objects.all(), order=BY_KEY, size=2))
        )

        assert made == queries

    def test_it_comes_compressed_to_whoever_takes_that(self, client, manager):
        make_assignment(make_lead("Lena"), make_member("Ana"))

        response = client.get(
            "/history/export.csv", headers={"Accept-Encoding": "gzip"}
        )

        packed = b"".join(response.streaming_content)
        assert response["Content-Encoding"] == "gzip"
        assert int(response["Content-Length"]) == len(packed)
        assert b"Lena" in gzip.decompress(packed)
