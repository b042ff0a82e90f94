"""A server on this machine that answers byte by byte as a test wants it to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

type Script = Callable[[socket.socket], None]


class ScriptedServer:
    def __init__(self, script: Script) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def close(self) -> None:
        self._stopped.set()
        # accept() does not notice that its socket was closed: one last visitor wakes it.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join(timeout=60)
        self._listener.close()

    def drip(self, connection: socket.socket, data: bytes, *, every: float) -> None:
        for byte in data:
            if self._stopped.wait(every):
                return
            connection.sendall(bytes([byte]))

    def hang(self) -> None:
        self._stopped.wait(60)

    def receive(self, connection: socket.socket) -> bytes:
        """One whole request, by its Content-Length."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return data
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < _length(head) and (more := connection.recv(65536)):
            body += more
        return head + b"\r\n\r\n" + body

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            connection, _ = self._listener.accept()
            if not self._stopped.is_set():
                self.connections += 1
                self._start(self._serve, connection)
            else:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            while request := self.receive(connection):
                self.requests.append(request)
                self._script(connection)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@contextmanager
def scripted_server(
    script: Callable[[ScriptedServer, socket.socket], None],
) -> Iterator[ScriptedServer]:
    server = ScriptedServer(lambda connection: script(server, connection))
    try:
        yield server
    finally:
        server.close()


def http_answer(body: bytes, *, status: str = "200 OK", head: bytes = b"") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n".encode()
        + head
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
