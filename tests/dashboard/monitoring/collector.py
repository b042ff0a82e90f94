"""A Sentry that keeps what it is sent, on a port of this machine."""

import gzip
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread

import sentry_sdk

from dashboard.monitoring import error_reports


class Collector(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Envelopes)
        self.received: list[str] = []
        self.came = Condition()

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.server_port}/1"

    def text(self) -> str:
        """Return all that came, head and body, once the SDK has sent what it has."""
        sentry_sdk.flush(timeout=10)
        with self.came:
            return "\n".join(self.received)


class _Envelopes(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        encoding = self.headers.get("Content-Encoding")
        if encoding == "gzip":
            body = gzip.decompress(body)
        elif encoding == "br":  # where brotli happens to be installed
            body = importlib.import_module("brotli").decompress(body)
        with self.server.came:
            self.server.received.append(f"{self.path}\n{self.headers}\n{body.decode()}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def reporting_to(dsn: str, settings) -> Iterator[None]:
    """Let errors be reported there, as with SENTRY_DSN set."""
    settings.SENTRY_DSN = dsn
    error_reports.start()
    try:
        yield
    finally:
        sentry_sdk.get_client().close(timeout=0)
        sentry_sdk.get_global_scope().set_client(None)


@contextmanager
def open_collector(settings) -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever, args=(0.01,))
        thread.start()
        try:
            with reporting_to(collector.dsn, settings):
                yield collector
        finally:
            collector.shutdown()
            thread.join()
