"""The web part as `serve` starts it, met by clients that no browser is."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from assignments import processes

HOST = "127.0.0.1"
PAGE = "/healthz"  # which needs no database
DEADLINE = 1.0  # seconds
SLOW = 40  # connections, five times as many as the part has threads
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
TYPED = b"username=a&password=b"
MEGABYTE = 1024 * 1024

# What a client may begin and never end.
UNFINISHED = {
    "head": HEAD + b"X-Slow: ",
    "request line": b"GET /accou",
    "body": POST + FORM + b"Content-Length: 100000\r\n\r\n",
    "chunks": POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
    "upload": POST
    + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n--b",
    "second request": HEAD + b"\r\n" + HEAD,
}


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[int]:
    with socket.create_server((HOST, 0)) as probe:
        free: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE_URL": "sqlite:///:memory:",
        "REQUEST_DEADLINE": str(DEADLINE),
    }
    web = processes.web_process(
        host=HOST, port=free, workers=1, environment=environment
    )
    log = (tmp_path_factory.mktemp("web") / "log").open("wb")
    process = subprocess.Popen(web.command, env=environment, stdout=log, stderr=log)
    try:
        give_up_at = time.monotonic() + 30
        while not processes.is_serving(
            host=HOST, port=free, site_url="http://localhost", path="/healthz"
        ):
            assert time.monotonic() < give_up_at, log.name
            time.sleep(0.1)
        yield free
    finally:
        process.send_signal(signal.SIGTERM)
        log.close()
        assert process.wait(15) == 0


def connect(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=10)


def status_of(port: int, path: str = PAGE) -> int:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as asking:
        asking.request("GET", path)
        return asking.getresponse().status


def answer_to(port: int, sent: bytes) -> bytes:
    """All that comes back until the server closes the connection."""
    with connect(port) as line:
        line.sendall(sent)
        return b"".join(iter(lambda: line.recv(65536), b""))


def statuses_of(answer: bytes) -> list[int]:
    return [int(said) for said in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def is_closed(line: socket.socket) -> bool:
    """Whether the server ends the connection within some deadlines."""
    try:
        while line.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


class TestSlowRequests:
    @pytest.mark.parametrize("begun", UNFINISHED.values(), ids=UNFINISHED)
    def test_many_unfinished_requests_stop_no_page_and_are_cut(self, port, begun):
        with ExitStack() as stack:
            lines = [stack.enter_context(connect(port)) for _ in range(SLOW)]
            for line in lines:
                line.sendall(begun)

            assert status_of(port) == 200
            assert all(is_closed(line) for line in lines)

    @pytest.mark.parametrize("drop", [b"a", b"1\r\na\r\n"], ids=["bytes", "chunks"])
    def test_a_byte_now_and_then_does_not_put_the_deadline_off(self, port, drop):
        name = "body" if drop == b"a" else "chunks"
        begun = UNFINISHED[name].removesuffix(b"5\r\n")
        with connect(port) as line:
            line.sendall(begun)
            line.settimeout(DEADLINE / 5)
            most = 50  # five deadlines and more
            dropped = next((n for n in range(most) if not _drop(line, drop)), most)

        assert dropped < most

    def test_an_idle_connection_is_used_again_after_the_deadline(self, port):
        with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as asking:
            asking.request("GET", "/healthz")
            asking.getresponse().read()
            first = asking.sock
            time.sleep(2 * DEADLINE)
            asking.request("GET", "/healthz")

            assert asking.getresponse().status == 200
            assert asking.sock is first

    def test_a_connection_that_has_said_nothing_yet_is_used_after_the_deadline(
        self, port
    ):
        with connect(port) as line:
            time.sleep(2 * DEADLINE)
            line.sendall(HEAD + b"Connection: close\r\n\r\n")

            assert line.recv(15) == b"HTTP/1.1 200 OK"


def _drop(line: socket.socket, drop: bytes) -> bool:
    """Send a drop; whether the server still listens."""
    try:
        line.send(drop)
        return bool(line.recv(1))
    except TimeoutError:
        return True
    except OSError:
        return False


class TestBodies:
    def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(
        self, port
    ):
        begun = POST + FORM + b"Content-Length: 150000000\r\n\r\n"

        answer = answer_to(port, begun)

        assert statuses_of(answer) == [413]
        assert b"<p data-sentence>What you sent is larger than 1 MB" in answer

    def test_chunks_are_counted_while_they_are_read(self, port):
        chunk = b"10000\r\n" + 0x10000 * b"a" + b"\r\n"
        begun = POST + FORM + b"Transfer-Encoding: chunked\r\n\r\n" + 40 * chunk

        answer = answer_to(port, begun)

        assert statuses_of(answer) == [413]

    def test_whoever_sends_on_after_the_refusal_reads_it(self, port):
        begun = POST + FORM + b"Content-Length: 8000000\r\n\r\n"

        answer = answer_to(port, begun + 8_000_000 * b"a")

        assert statuses_of(answer) == [413]

    def test_a_client_that_waits_for_a_go_is_refused_without_one(self, port):
        begun = POST + FORM + b"Expect: 100-continue\r\nContent-Length: 8000000\r\n\r\n"

        assert statuses_of(answer_to(port, begun)) == [413]

    def test_chunks_below_the_limit_are_read_as_a_form(self, port):
        length = f"{len(TYPED):x}".encode()
        chunks = length + b"\r\n" + TYPED + b"\r\n0\r\n\r\n"
        head = POST + FORM + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"

        assert statuses_of(answer_to(port, head + chunks)) == [302]  # by the CSRF check


class TestOddRequests:
    @pytest.mark.parametrize(
        "head",
        [
            POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            POST + b"Content-Length: +3\r\n\r\nabc",
            POST + b"Content-Length: -3\r\n\r\nabc",
            POST + b"Content-Length: \xb2\r\n\r\nabc",
            POST + b"Content-Length: " + 5000 * b"9" + b"\r\n\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            POST.replace(b"/1.1", b"/1.0")
            + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            HEAD + b"X-A: " + 20_000 * b"a" + b"\r\n\r\n",
            HEAD + 2_000 * b"X-A: 1234\r\n" + b"\r\n",
            b"GET /" + 20_000 * b"a" + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ],
        ids=lambda head: head[44:90].decode("latin-1"),
    )
    def test_what_two_servers_could_read_in_two_ways_is_refused(self, port, head):
        answer = answer_to(port, head)

        assert statuses_of(answer)[0] in {400, 413, 431, 501, 505}
        assert len(statuses_of(answer)) == 1

    def test_nothing_says_which_server_it_is(self, port):
        head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

        assert b"Server:" not in answer_to(port, head)
