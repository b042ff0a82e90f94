"""The wire: one hard deadline for a whole call, and the key where nothing can see it.

httpx knows time-outs for each read but none for all of them, so a server that drips one
byte a second could hold a worker for ever. Here every operation on the socket gets what
is left of its call's deadline.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpcore
import httpx

from assignments.smartlead.api_key import ApiKey
from assignments.smartlead.errors import NotSent

# Shorter than the 5 s after which a Node server hangs up: a write is not to be sent
# into a connection that dies at that moment.
KEEP_ALIVE_SECONDS = 3.0
WRITE_CHUNK = 16 * 1024
TIMING_EXTENSION = "handoff"  # where a request carries its Call


class AddressUnknown(httpcore.ConnectError):
    """The name of the host could not be looked up."""


class NotSecure(httpcore.ConnectError):
    """Somebody answers, but there is no TLS, or a certificate that is not right."""


@dataclass(slots=True)
class CallTiming:
    """How long one call may take, and how far it has come. Times are monotonic."""

    deadline: float
    start_by: float | None = None
    has_written: bool = field(default=False, init=False)

    def seconds_left(self, problem: type[httpcore.TimeoutException]) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise problem("The call's deadline has passed.")
        return left

    def check_start(self) -> None:
        """A process may have been paused for minutes between any two lines."""
        if self.start_by is not None and time.monotonic() > self.start_by:
            raise NotSent("The moment to send this had passed; it is decided anew.")


def timing_of(request: httpx.Request) -> CallTiming:
    call: CallTiming = request.extensions[TIMING_EXTENSION]
    return call


class KeyTransport(httpx.BaseTransport):
    """Adds the key directly around the real transport.

    The request that httpx logs, and hangs on its errors and answers, is another one.
    """

    def __init__(self, inner: httpx.BaseTransport, *, key: ApiKey) -> None:
        self._inner = inner
        self._key = key

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        timing_of(request).check_start()
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                request.url.copy_merge_params({"api_key": self._key.value}),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        self._inner.close()


class SocketTransport(httpx.BaseTransport):
    """Real HTTP. Serves one call at a time, as our synchronous client makes them."""

    def __init__(self, *, connect_timeout: float) -> None:
        self._backend = _DeadlineBackend(connect_timeout=connect_timeout)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            network_backend=self._backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._backend.timing = timing_of(request)
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method.encode("ascii"),
                url=httpcore.URL(
                    scheme=url.raw_scheme,
                    host=url.raw_host,
                    port=url.port,
                    target=url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_ResponseBody(answer)
        )

    def close(self) -> None:
        self._pool.close()


@cache
def _ssl_context() -> ssl.SSLContext:
    """Cached: reading all authorities takes longer than a whole call."""
    return httpx.create_ssl_context()


class _ResponseBody(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _DeadlineBackend(httpcore.NetworkBackend):
    def __init__(self, *, connect_timeout: float) -> None:
        self._connect_timeout = connect_timeout
        self.timing = CallTiming(deadline=0.0)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self.timing.check_start()
        connecting = CallTiming(deadline=time.monotonic() + self.connect_timeout())
        addresses = _resolve_host(
            host, port, timeout=connecting.seconds_left(httpcore.ConnectTimeout)
        )
        return _DeadlineStream(
            _connect_first(addresses, port, connecting), backend=self
        )

    def connect_timeout(self) -> float:
        return min(
            self._connect_timeout, self.timing.seconds_left(httpcore.ConnectTimeout)
        )


def _connect_first(
    addresses: list[str], port: int, connecting: CallTiming
) -> httpcore.NetworkStream:
    *others, last = addresses
    for address in others:
        left = connecting.seconds_left(httpcore.ConnectTimeout)
        try:
            # Half of what is left: a dead first address must not use it all up.
            return httpcore.SyncBackend().connect_tcp(address, port, timeout=left / 2)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            continue
    return httpcore.SyncBackend().connect_tcp(
        last, port, timeout=connecting.seconds_left(httpcore.ConnectTimeout)
    )


def _resolve_host(host: str, port: int, *, timeout: float) -> list[str]:
    """Addresses of a host, within the time given.

    The system's look-up knows no time-out, so a thread waits for it; one that hangs is
    left behind and holds up nothing, not even the end of the process.
    """
    found: list[str] = []

    def look_up() -> None:
        # Not found (or not even a name) shows as nothing found, below.
        with suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(info[4][0]) for info in infos))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise httpcore.ConnectTimeout("Looking up the host took too long.")
    if not found:
        raise AddressUnknown("The host could not be looked up.")
    return found


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(
        self, inner: httpcore.NetworkStream, *, backend: _DeadlineBackend
    ) -> None:
        self._inner = inner
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._backend.timing.seconds_left(httpcore.ReadTimeout)
        return self._inner.read(max_bytes, timeout=left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Nothing is checked for an empty buffer: the request may be complete by then,
        # and must not be called unsent.
        call = self._backend.timing
        for start in range(0, len(buffer), WRITE_CHUNK):
            call.check_start()
            left = call.seconds_left(httpcore.WriteTimeout)
            call.has_written = True
            self._inner.write(buffer[start : start + WRITE_CHUNK], timeout=left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._backend.connect_timeout()
        try:
            inner = self._inner.start_tls(ssl_context, server_hostname, timeout=left)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise NotSecure from error
            raise
        return _DeadlineStream(inner, backend=self._backend)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
