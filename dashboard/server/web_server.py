"""A gunicorn worker whose connections waitress serves.

Why: docs/decisions/8-requests-are-read-before-a-thread-has-them.md

gunicorn keeps the processes: it starts, stops and replaces them. In each of them waitress
reads a request to its end before a thread is given to it, and holds an answer until its
reader has taken it, so that slow clients occupy no thread. What waitress lacks are total
deadlines (its own begins again with each byte) and words for a body that is too large.
"""

import logging
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import RequestEntityTooLarge

from dashboard.server.body_sizes import LARGEST_IMPORT

LARGEST_HEAD = 16 * 1024  # request line and headers, in bytes
LARGEST_ANSWER = 2**30  # bytes on disk before a thread waits for the reader
MOST_CONNECTIONS = 800  # of one process; 1,024 open files are usual
CROWD = 600  # connections from which on the idle ones are closed early

# Deadlines, in seconds.
HEAD = 10  # or REQUEST_DEADLINE, which holds for head and body, if that is shorter
IDLE = 310  # longer than Chrome (300), Caddy (120), Firefox (115) and nginx (60) wait
IDLE_IN_A_CROWD = 5
STALLED = 60  # without a byte of the answer taken
ANSWER = 3600  # an answer as a whole
LINGER = 5  # how long a refused client may go on sending, so that it reads why
LOOK_EVERY = 0.25
SWITCH_EVERY = 0.001  # so that a page waits less beside an export

logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is no news


class RequestParser(HTTPRequestParser):  # type: ignore[misc]
    """Hands on a request whose body is too large, without it: a middleware says why.

    A request that two servers could cut in two ways is refused.
    """

    is_refused = False
    error: Exception | None

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:  # a length of more digits than Python reads
            raise ParsingError("Content-Length is invalid.") from None
        says_length = "CONTENT_LENGTH" in self.headers
        if (self.chunked and says_length) or "TRANSFER_ENCODING" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding disagree.")

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            self.error = None
            self.body_rcv = None
            self.expect_continue = False
            self.connection_close = True
            self.is_refused = True
            self.headers["CONTENT_LENGTH"] = str(self.adj.max_request_body_size + 1)
        return consumed


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that knows since when it waits for what."""

    parser_class = RequestParser
    is_refused = False
    awaits_request_since: float | None = None
    is_read_since: float | None = None
    lingers_since: float | None = None

    def received(self, data: bytes) -> bool:
        taken: bool = super().received(data)
        self.is_refused = any(r.error or r.is_refused for r in self.requests)
        if self.request is None or self.requests:
            self.awaits_request_since = None
        elif self.awaits_request_since is None:
            self.awaits_request_since = time.time()
        return taken

    def readable(self) -> bool:
        return self.lingers_since is not None or bool(super().readable())

    def handle_read(self) -> None:
        if self.lingers_since is None:
            super().handle_read()
        else:
            self.recv(64 * 1024)  # and forget it; the end of it closes the connection

    def handle_close(self) -> None:
        """Close the connection.

        If a request on it was refused, the first call only ends our own sending, so
        that the client reads the answer before it meets a reset; what it still sends is
        thrown away. A second call closes, as does the first if the connection is
        broken.
        """
        if self.is_refused and self.connected and self.lingers_since is None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                self.lingers_since = time.time()
                self.will_close = False
                return
        super().handle_close()

    def is_overdue(self, now: float, *, idle: float) -> bool:
        """Return True if the client has used up its time; `now` and `idle` are in
        seconds.

        Allowed are LINGER after a refusal; for our answer STALLED without a byte taken
        and ANSWER in all, counted from the first call that sees it (kept in
        `is_read_since`); `idle` between requests; REQUEST_DEADLINE for a request, at
        most HEAD of it for the headers. Always False while an answer is being made.
        """
        if self.requests:
            return False  # the answer is being made
        if self.lingers_since is not None:
            return now - self.lingers_since > LINGER
        if self.total_outbufs_len:
            self.is_read_since = self.is_read_since or now
            is_stalled: bool = now - self.last_activity > STALLED
            return is_stalled or now - self.is_read_since > ANSWER
        self.is_read_since = None
        if self.request is None:
            is_idle: bool = now - self.last_activity > idle
            return is_idle
        since = self.awaits_request_since or self.last_activity
        longest = settings.REQUEST_DEADLINE
        if not self.request.headers_finished:
            longest = min(HEAD, longest)
        return now - since > longest


class BufferingServer(TcpWSGIServer):  # type: ignore[misc]
    channel_class = Channel

    def maintenance(self, now: float) -> None:
        idle = IDLE_IN_A_CROWD if len(self.active_channels) > CROWD else IDLE
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now, idle=idle):
                channel.is_refused = False
                channel.handle_close()

    @property
    def is_answering(self) -> bool:
        channels = self.active_channels.values()
        return any(each.requests or each.total_outbufs_len for each in channels)


class BufferingWorker(Worker):  # type: ignore[misc]
    """One process of the web part, as gunicorn starts it."""

    def run(self) -> None:
        sys.setswitchinterval(SWITCH_EVERY)
        self.connections: dict[int, Any] = {}
        self.threads = ThreadedTaskDispatcher()
        self.threads.set_thread_count(self.cfg.threads)
        servers = [self._server(listener.sock) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._serve()
        for server in servers:
            server.accepting = False
        give_up_at = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < give_up_at and any(s.is_answering for s in servers):
            self._serve()
        self.threads.shutdown()
        wasyncore.close_all(self.connections)

    def _serve(self) -> None:
        self.notify()
        wasyncore.loop(LOOK_EVERY, use_poll=True, map=self.connections, count=1)

    def _server(self, listener: socket.socket) -> BufferingServer:
        adjustments = Adjustments(
            sockets=[listener],
            server_name="localhost",
            backlog=self.cfg.backlog,
            connection_limit=MOST_CONNECTIONS,
            cleanup_interval=LOOK_EVERY,
            max_request_header_size=LARGEST_HEAD,
            max_request_body_size=LARGEST_IMPORT + 1,
            outbuf_high_watermark=LARGEST_ANSWER,
            # Django decides which header of the proxy it believes (SITE_URL).
            clear_untrusted_proxy_headers=False,
            ident=None,
        )
        return BufferingServer(
            self.wsgi,
            self.connections,
            _sock=listener,
            dispatcher=self.threads,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, None),
        )
