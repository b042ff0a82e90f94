"""The wire, against real sockets on this machine."""

import gzip
import socket
import threading
import time

import httpcore
import pytest

from assignments.smartlead import transport
from assignments.smartlead.budget import RateReport
from assignments.smartlead.client import connect
from assignments.smartlead.errors import NotSent, ServiceTrouble
from tests.assignments.smartlead.mock_client import RecordingBudget, call_with_slot
from tests.assignments.smartlead.scripted_server import http_answer, scripted_server

EMPTY_LIST = http_answer(b"[]")
DONE = http_answer(b'{"ok": true}')
DEADLINE = 0.3
PATIENCE = 4.0  # what a busy machine may add; without a deadline it would be longer


@pytest.fixture(autouse=True)
def _hurry(settings):
    settings.CALL_DEADLINE = 10.0
    settings.CONNECT_TIMEOUT = 0.2


def call(settings, url: str, what, *, budget: RecordingBudget | None = None):
    settings.SMARTLEAD_BASE_URL = url
    with connect(budget=budget or RecordingBudget()) as client:
        return call_with_slot(client, what)


def probe(client):
    client.probe()


def set_owner_soon(client):
    client.set_owner(map_id=1, member_id=7, start_by=time.monotonic() + 60)


def trouble_of(settings, url: str, what=probe) -> ServiceTrouble:
    begun = time.monotonic()
    with pytest.raises(ServiceTrouble) as caught:
        call(settings, url, what)
    assert time.monotonic() - begun < settings.CALL_DEADLINE + PATIENCE
    return caught.value


@pytest.fixture
def _short(settings):
    settings.CALL_DEADLINE = DEADLINE


@pytest.mark.usefixtures("_short")
class TestDeadline:
    def test_holds_while_headers_drip_in(self, settings):
        with scripted_server(lambda s, c: s.drip(c, EMPTY_LIST, every=0.05)) as server:
            assert trouble_of(settings, server.url).kind == "timeout"

    def test_holds_while_the_body_drips_in(self, settings):
        def drip_body(server, connection):
            head, _, body = http_answer(b"[" + b" " * 100 + b"]").partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n")
            server.drip(connection, body, every=0.05)

        with scripted_server(drip_body) as server:
            assert trouble_of(settings, server.url).kind == "timeout"

    def test_holds_while_interim_answers_drip_in(self, settings):
        interim = b"HTTP/1.1 102 Processing\r\n\r\n" * 20

        with scripted_server(lambda s, c: s.drip(c, interim, every=0.01)) as server:
            assert trouble_of(settings, server.url).kind == "timeout"

    def test_holds_while_nothing_comes(self, settings):
        with scripted_server(lambda s, _: s.hang()) as server:
            trouble = trouble_of(settings, server.url)

        assert trouble.kind == "timeout"
        assert not trouble.surely_not_applied

    def test_holds_while_a_large_request_is_not_read(self, settings):
        def note(client):
            client.create_note(map_id=1, text="x" * 8_000_000)

        settings.CALL_DEADLINE = 1.0
        listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        with listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert trouble_of(settings, url, note).kind == "timeout"

    def test_does_not_cut_off_what_is_only_slow(self, settings):
        settings.CALL_DEADLINE = 5.0

        with scripted_server(lambda s, c: s.drip(c, EMPTY_LIST, every=0.001)) as server:
            call(settings, server.url, probe)


class TestLookUp:
    def test_of_an_unknown_host_says_to_check_the_address(self, settings, monkeypatch):
        def unknown(*args, **kwargs):
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)

        trouble = trouble_of(settings, "http://nowhere.test")

        assert trouble.kind == "address"
        assert trouble.surely_not_applied
        assert "SMARTLEAD_BASE_URL" in str(trouble)

    @pytest.mark.usefixtures("_short")
    def test_that_hangs_is_left_behind(self, settings, monkeypatch):
        is_over = threading.Event()

        def hang(*_: object, **__: object) -> list[object]:
            is_over.wait(10)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", hang)

        trouble = trouble_of(settings, "http://slow.test")
        is_over.set()

        assert trouble.kind == "unavailable"
        assert trouble.surely_not_applied

    def test_tries_the_next_address_when_one_is_dead(self, settings, monkeypatch):
        addresses = [(0, 0, 0, "", (host, 0)) for host in ("127.0.0.99", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: addresses)
        look_up = transport._resolve_host("two.test", 80, timeout=1)
        monkeypatch.undo()

        with scripted_server(lambda _, c: c.sendall(EMPTY_LIST)) as server:
            connecting = transport.CallTiming(deadline=time.monotonic() + 1)
            stream = transport._connect_first(look_up, server.port, connecting)

            assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
            stream.close()


class TestConnecting:
    def test_refused_is_surely_not_applied(self, settings):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]

        trouble = trouble_of(settings, f"http://127.0.0.1:{port}")

        assert trouble.kind == "unavailable"
        assert trouble.surely_not_applied

    def test_to_something_that_speaks_no_tls_is_surely_not_applied(self, settings):
        with scripted_server(lambda _, c: c.sendall(EMPTY_LIST)) as server:
            url = server.url.replace("http:", "https:")
            trouble = trouble_of(settings, url)

        assert trouble.surely_not_applied

    @pytest.mark.parametrize(
        "url",
        ["server.smartlead.ai/api/v1", "ftp://x.test", "http://", "http://x:y", ""],
    )
    def test_to_an_address_that_is_none_says_to_check_it(self, settings, url):
        trouble = trouble_of(settings, url)

        assert trouble.kind == "address"
        assert trouble.surely_not_applied


class TestAnswers:
    def test_broken_off_may_have_been_applied(self, settings):
        with scripted_server(lambda _, c: c.close()) as server:
            trouble = trouble_of(settings, server.url)

        assert trouble.kind == "unavailable"
        assert not trouble.surely_not_applied

    @pytest.mark.parametrize(
        "garbage", [b"SSH-2.0-OpenSSH\r\n\r\n", EMPTY_LIST[:-1], b"\0" * 200_000]
    )
    def test_that_are_not_http_are_about_us(self, settings, garbage):
        def send(server, connection):
            connection.sendall(garbage)
            connection.close()

        with scripted_server(send) as server:
            assert trouble_of(settings, server.url).kind == "unavailable"

    def test_longer_than_any_should_be_are_not_read_to_their_end(
        self, settings, monkeypatch
    ):
        monkeypatch.setattr("assignments.smartlead.http_exchange.LONGEST_ANSWER", 1000)

        with scripted_server(
            lambda _, c: c.sendall(http_answer(b"[" + b" " * 2000))
        ) as server:
            assert trouble_of(settings, server.url).kind == "garbled"

    def test_may_be_compressed(self, settings):
        body = http_answer(gzip.compress(b"[]"), head=b"Content-Encoding: gzip\r\n")

        with scripted_server(lambda _, c: c.sendall(body)) as server:
            call(settings, server.url, probe)

    def test_compressed_wrongly_are_garbled(self, settings):
        body = http_answer(b"[]", head=b"Content-Encoding: gzip\r\n")

        with scripted_server(lambda _, c: c.sendall(body)) as server:
            assert trouble_of(settings, server.url).kind == "garbled"

    def test_that_redirect_are_not_followed(self, settings):
        elsewhere = http_answer(
            b"", status="302 Found", head=b"Location: /elsewhere\r\n"
        )

        with scripted_server(lambda _, c: c.sendall(elsewhere)) as server:
            assert trouble_of(settings, server.url).kind == "address"

        assert len(server.requests) == 1


class TestConnections:
    def test_are_kept_between_calls(self, settings):
        with scripted_server(lambda _, c: c.sendall(EMPTY_LIST)) as server:
            settings.SMARTLEAD_BASE_URL = server.url
            with connect(budget=RecordingBudget()) as client:
                call_with_slot(client, probe)
                call_with_slot(client, probe)

        assert len(server.requests) == 2
        assert server.connections == 1

    def test_that_the_server_has_closed_are_not_used_for_a_write(self, settings):
        def answer_and_close(server, connection):
            connection.sendall(DONE)
            connection.close()

        with scripted_server(answer_and_close) as server:
            settings.SMARTLEAD_BASE_URL = server.url
            with connect(budget=RecordingBudget()) as client:
                for map_id in (1, 2, 3):
                    call_with_slot(
                        client, lambda c, i=map_id: c.set_owner(map_id=i, member_id=7)
                    )
                    time.sleep(0.02)

        assert len(server.requests) == 3


class TestStartBy:
    def late_after(self, monkeypatch, *, checks: int) -> None:
        """Let the moment pass after so many checks: the process was paused there."""
        passed = iter([True] * checks)
        original = transport.CallTiming.check_start

        def check_start(call):
            if not next(passed, False):
                call.start_by = 0.0
            original(call)

        monkeypatch.setattr(transport.CallTiming, "check_start", check_start)

    @pytest.mark.parametrize("checks", [0, 1, 2, 3])
    def test_a_write_that_comes_late_at_any_step_is_not_sent(
        self, settings, monkeypatch, checks
    ):
        self.late_after(monkeypatch, checks=checks)

        with (
            scripted_server(lambda _, c: c.sendall(DONE)) as server,
            pytest.raises(NotSent),
        ):
            call(settings, server.url, set_owner_soon)

        bodies = [request.partition(b"\r\n\r\n")[2] for request in server.requests]
        assert not any(b"}" in body for body in bodies)

    def test_a_request_that_is_complete_is_never_called_unsent(
        self, settings, monkeypatch
    ):
        self.late_after(monkeypatch, checks=4)

        with scripted_server(lambda _, c: c.sendall(DONE)) as server:
            call(settings, server.url, set_owner_soon)

        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("checks", "event"), [(2, ("given back",)), (3, ("finished", RateReport()))]
    )
    def test_gives_its_slot_back_only_if_nothing_was_written(
        self, settings, monkeypatch, checks, event
    ):
        self.late_after(monkeypatch, checks=checks)
        purse = RecordingBudget()

        with (
            scripted_server(lambda _, c: c.sendall(DONE)) as server,
            pytest.raises(NotSent),
        ):
            call(settings, server.url, set_owner_soon, budget=purse)

        assert purse.outcomes == [event]


def test_a_call_past_its_deadline_touches_no_socket():
    call = transport.CallTiming(deadline=time.monotonic() - 1)

    with pytest.raises(httpcore.ReadTimeout):
        call.seconds_left(httpcore.ReadTimeout)
