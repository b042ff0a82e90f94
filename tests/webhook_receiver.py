"""A real receiver of outgoing webhooks, which verifies them and can misbehave."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Receiver:
    """The events that arrived and verified, and what it answers."""

    port: int = 0
    secret: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hangs: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    signatures: list[list[str]] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    calls: int = 0
    until_released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def open_receiver(*, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(receiver))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield receiver
    receiver.until_released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.calls += 1
            receiver.hosts.append(self.headers["Host"])
            if receiver.hangs:
                receiver.until_released.wait(5)
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.signatures.append(self.headers["webhook-signature"].split(" "))
            if receiver.secret:
                event = Webhook(receiver.secret).verify(body, dict(self.headers))
                receiver.events.append(event)
            receiver.ids.append(self.headers["webhook-id"])
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            if receiver.status != 204:
                self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def resolver(*answers: str) -> Any:
    """Return a `getaddrinfo` that gives a name these addresses in turn, the last for
    ever.
    """
    left = list(answers)

    def look_up(host: str, port: int, *_: object, **__: object) -> list[Any]:
        is_name = host.endswith(".com")
        address = left.pop(0) if is_name and len(left) > 1 else left[0]
        if not is_name:  # as sockets ask for an address as well
            address = host
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(kind, socket.SOCK_STREAM, 6, "", (address, port))]

    return look_up
