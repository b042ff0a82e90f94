"""Wrong things that can be at the address where Smartlead should be."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

type Address = AbstractContextManager[str]


@contextmanager
def unused_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}/api/v1"


@contextmanager
def unknown_host() -> Iterator[str]:
    yield f"http://{64 * 'x'}.test/api/v1"


@contextmanager
def url_without_scheme() -> Iterator[str]:
    yield "server.smartlead.ai/api/v1"


def raw_answer(raw: bytes, *, scheme: str = "http") -> Callable[[], Address]:
    """Return an address whose server sends these bytes and closes the connection."""

    @contextmanager
    def listening() -> Iterator[str]:
        with _RawServer(("127.0.0.1", 0), _RawHandler) as host:
            host.raw = _closing_connection(raw)
            thread = threading.Thread(target=host.serve_forever, args=(0.02,))
            thread.start()
            yield f"{scheme}://127.0.0.1:{host.server_address[1]}/api/v1"
            host.shutdown()
            thread.join()

    return listening


def _closing_connection(raw: bytes) -> bytes:
    # A client that reused the connection might meet its end.
    first, end, rest = raw.partition(b"\r\n")
    if not first.startswith(b"HTTP/1.1"):
        return raw
    return first + end + b"Connection: close\r\n" + rest


class _RawServer(socketserver.ThreadingTCPServer):
    raw = b""


class _RawHandler(socketserver.BaseRequestHandler):
    server: _RawServer

    def handle(self) -> None:
        with suppress(OSError):  # the client may have closed first
            self.request.recv(65536)
            self.request.sendall(self.server.raw)
            # What is still unread would turn the end into a reset.
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(65536):
                pass


def html_answer(
    status: str, body: str, *, kind: str = "text/html"
) -> Callable[[], Address]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
    return raw_answer(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())


def json_answer(status: str, body: str) -> Callable[[], Address]:
    return html_answer(status, body, kind="application/json")
