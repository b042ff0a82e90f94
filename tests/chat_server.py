"""A real server that takes messages as chat services do, and can be told to misbehave."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "s3cr3tt0kenofthech4nnel9zq"  # never to be seen anywhere


@dataclass
class ChatServer:
    """The messages that arrived, and what the server answers instead of `200 ok`."""

    port: int = 0
    received: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200
    statuses: dict[str, int] = field(default_factory=dict)  # by the end of the path
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drips: bool = False
    body: bytes = b"ok"
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """As Mattermost shows the address of an incoming webhook."""
        return f"http://127.0.0.1:{self.port}/hooks/{TOKEN}"

    def address_of(self, token: str) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/{token}"

    @property
    def texts(self) -> list[str]:
        return [message["text"] for _, message in self.received]


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        chat = self.server.chat
        body = self.rfile.read(int(self.headers["Content-Length"]))
        chat.received.append((self.path, json.loads(body)))
        if chat.hangs:
            chat.let_go.wait(10)
            return
        if chat.drips:  # a status that never ends
            self.wfile.write(b"HTTP/1.1 ")
            while not chat.let_go.wait(0.02):
                self.wfile.write(b"x")
            return
        end = self.path.rpartition("/")[2]
        self.send_response(chat.statuses.get(end, chat.status))
        for name, value in chat.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(chat.body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, chat: ChatServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chat = chat

    def handle_error(self, *_: object) -> None:
        pass  # who sent a message has hung up


@contextmanager
def open_chat_server() -> Iterator[ChatServer]:
    chat = ChatServer()
    server = _Server(chat)
    chat.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        chat.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
