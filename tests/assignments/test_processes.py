import math
import os
import socket
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import gethostname
from threading import Thread

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from assignments import processes
from assignments.models import Heartbeat
from assignments.services.operations import host_parts

SITE = "http://localhost:8000"


def test_no_part_is_told_the_key_as_an_argument(settings):
    settings.SMARTLEAD_API_KEY = "k" * 40
    log = Path("log")

    commands = [
        *processes.web_process(host="127.0.0.1", port=8000).command,
        *processes.worker_process().command,
        *processes.sandbox_process(
            port=1, state=log, site="http://127.0.0.1:1", environment={}, log=log
        ).command,
    ]

    assert not any("kkkk" in word for word in commands)


def test_the_web_part_binds_an_ipv6_address_in_brackets():
    assert "[::1]:8000" in processes.web_process(host="::1", port=8000).command


@pytest.mark.django_db
class TestWorkerQuietFor:
    def test_it_tells_when_this_host_was_seen_last_not_another(self, settings):
        now = timezone.now()
        Heartbeat.objects.create(name="worker", beat_at=now)
        host_parts.record_beat("worker", at=now - timedelta(seconds=200))
        settings.HOST_NAME = "another"
        host_parts.record_beat("worker", at=now)

        elsewhere = processes.seconds_since_worker_heartbeat()
        settings.HOST_NAME = gethostname()
        here = processes.seconds_since_worker_heartbeat()

        assert elsewhere < 10
        assert 200 <= here < 210

    def test_a_worker_that_asks_for_tasks_but_does_none_is_silent(self):
        now = timezone.now()
        Heartbeat.objects.create(name="worker", beat_at=now - timedelta(seconds=200))
        host_parts.record_beat("worker", at=now)

        assert 200 <= processes.seconds_since_worker_heartbeat() < 210

    def test_a_worker_never_seen_has_been_quiet_for_ever(self):
        assert processes.seconds_since_worker_heartbeat() == math.inf

    def test_an_unreadable_database_says_nothing_against_the_worker(
        self, monkeypatch, caplog
    ):
        def fail(**_: object) -> None:
            raise processes.DatabaseError("gone")

        monkeypatch.setattr(Heartbeat.objects, "filter", fail)
        monkeypatch.setattr(processes.connection, "close", lambda: None)

        assert processes.seconds_since_worker_heartbeat() == 0.0
        assert "cannot be read: gone" in caplog.text


@pytest.mark.django_db
def test_waking_the_worker_queues_a_tick():
    processes.wake_worker()

    assert OrmQ.objects.get().task["func"] == "assignments.tasks.tick"


class TestStaticFilesAreFresh:
    def test_they_are_not_before_they_were_collected(self, settings, tmp_path):
        settings.STATIC_ROOT = tmp_path

        assert not processes.are_static_files_fresh()

    def test_they_are_when_collected_after_the_last_change(self, settings, tmp_path):
        settings.STATIC_ROOT = tmp_path
        (tmp_path / "staticfiles.json").touch()

        assert processes.are_static_files_fresh()

    def test_they_are_not_when_a_source_has_changed_since(self, settings, tmp_path):
        settings.STATIC_ROOT = tmp_path
        collected = tmp_path / "staticfiles.json"
        collected.touch()
        os.utime(collected, (0, 0))

        assert not processes.are_static_files_fresh()


class TestFreePort:
    def test_the_wanted_port_if_nobody_listens_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

        assert processes.find_free_port("127.0.0.1", port) == port

    def test_the_next_one_if_somebody_does(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            assert processes.find_free_port("127.0.0.1", port) > port


class Proxied(BaseHTTPRequestHandler):
    """Answers only those who come as from the proxy of handoff.example.com."""

    def do_GET(self) -> None:
        asked_well = (
            self.headers["Host"] == "handoff.example.com"
            and self.headers["X-Forwarded-Proto"] == "https"
        )
        self.send_response(200 if asked_well else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class TestAnswers:
    def test_it_asks_the_way_the_proxy_would(self):
        with HTTPServer(("127.0.0.1", 0), Proxied) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            host, port = "127.0.0.1", server.server_port

            as_proxy = processes.is_serving(
                host=host, port=port, site_url="https://handoff.example.com"
            )
            as_stranger = processes.is_serving(host=host, port=port, site_url=SITE)
            server.shutdown()

        assert (as_proxy, as_stranger) == (True, False)

    def test_a_closed_port_does_not_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

        assert not processes.is_serving(host="0.0.0.0", port=port, site_url=SITE)
