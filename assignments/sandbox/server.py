"""Serve the sandbox on a port: threaded HTTP/1.1 that can hang, drop and drip."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from assignments.sandbox import router
from assignments.sandbox.call import ApiRequest, ApiResponse
from assignments.sandbox.fake_smartlead import FakeSmartlead

DEFAULT_PORT = 8765
MAX_BODY_LENGTH = 1_000_000


class SandboxServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    block_on_close = False

    def __init__(self, address: tuple[str, int], sandbox: FakeSmartlead) -> None:
        super().__init__(address, _Handler)
        self.sandbox = sandbox

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def base_url(self) -> str:
        return f"{self.address}/api/v1"

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        with self.sandbox.webhook_sender.delivering():
            super().serve_forever(poll_interval)

    def service_actions(self) -> None:
        self.sandbox.activity.catch_up()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore ConnectionError and TimeoutError of callers that hung up; print any
        other error to stderr.
        """
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise small answers wait for more data.
    disable_nagle_algorithm = True
    server: SandboxServer

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def _serve(self) -> None:
        sandbox = self.server.sandbox
        answer = router.respond(sandbox, self._request(), caller=self.client_address[0])
        try:
            self._send(answer)
        finally:
            router.end_log_entry(sandbox, answer)

    def _request(self) -> ApiRequest:
        split = urlsplit(self.path)
        length = min(int(self.headers.get("content-length") or 0), MAX_BODY_LENGTH)
        return ApiRequest(
            method=self.command,
            path=unquote(split.path),
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            body=self.rfile.read(length),
            content_type=self.headers.get("content-type", ""),
        )

    def _send(self, answer: ApiResponse) -> None:
        if answer.is_lost:
            self.close_connection = True
            return
        body = router.encode_body(answer)
        head = self._head(answer, body)
        for piece in router.drip_chunks(head, over=answer.drip_head):
            self.wfile.write(piece)
        if self.command != "HEAD":
            for piece in router.drip_chunks(body, over=answer.drip_body):
                self.wfile.write(piece)

    def _head(self, answer: ApiResponse, body: bytes) -> bytes:
        phrase = HTTPStatus(answer.status).phrase
        lines = [
            f"HTTP/1.1 {answer.status} {phrase}",
            f"date: {self.date_time_string()}",
        ]
        headers = router.response_headers(answer, body)
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: request lines hold the key, and the call log has the rest."""


@contextmanager
def serve_in_thread(
    sandbox: FakeSmartlead, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[SandboxServer]:
    """Serve in a thread and yield the server; at the end of the context stop it, close
    its port and wait for the thread. Port 0 takes a free port. Webhooks are
    delivered meanwhile.
    """
    server = SandboxServer((host, port), sandbox)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(
    sandbox: FakeSmartlead, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT
) -> None:
    """Serve and deliver webhooks until interrupted; KeyboardInterrupt is raised after
    the port was closed.
    """
    with SandboxServer((host, port), sandbox) as server:
        server.serve_forever()
