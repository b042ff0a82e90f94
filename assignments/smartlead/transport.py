"""Transports for httpx: one deadline for a whole call, and the key added out of sight.

httpx has time-outs for each read but none for all of them, so a server that drips one
byte a second could hold a worker for ever. Here every socket operation gets the time
left until its call's deadline.
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

# A Node server closes idle connections after 5 s: a write must not be sent into a
# connection that is being closed.
KEEP_ALIVE_SECONDS = 3.0
WRITE_CHUNK = 16 * 1024
TIMING_EXTENSION = "handoff"  # the request extension with its CallTiming


class AddressUnknown(httpcore.ConnectError):
    """The name of the host could not be looked up."""


class NotSecure(httpcore.ConnectError):
    """The host answers without TLS or with an invalid certificate."""


@dataclass(slots=True)
class CallTiming:
    """The limits of one call in monotonic seconds, and if anything was written yet."""

    deadline: float
    start_by: float | None = None
    has_written: bool = field(default=False, init=False)

    def seconds_left(self, problem: type[httpcore.TimeoutException]) -> float:
        """Return the seconds until the deadline, more than 0; raise `problem` if it has
        passed.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise problem("The call's deadline has passed.")
        return left

    def check_start(self) -> None:
        """Raise NotSent if `start_by` is set and has passed.

        Checked at every step, as a process may be paused for minutes at any time.
        """
        if self.start_by is not None and time.monotonic() > self.start_by:
            raise NotSent("The moment to send this had passed; it is decided anew.")


def timing_of(request: httpx.Request) -> CallTiming:
    call: CallTiming = request.extensions[TIMING_EXTENSION]
    return call


class KeyTransport(httpx.BaseTransport):
    """Add the key to a copy of the request, directly before the real transport.

    The request that httpx logs and attaches to errors and responses has no key.
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
    """Send over real sockets, one call at a time."""

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
        response = self._pool.handle_request(
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
            response.status, headers=response.headers, stream=_ResponseBody(response)
        )

    def close(self) -> None:
        self._pool.close()


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return httpx' default TLS settings, made once, as reading all authorities takes
    long.
    """
    return httpx.create_ssl_context()


class _ResponseBody(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._answer = response

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
            # A dead address must leave half of the time for the others.
            return httpcore.SyncBackend().connect_tcp(address, port, timeout=left / 2)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            continue
    return httpcore.SyncBackend().connect_tcp(
        last, port, timeout=connecting.seconds_left(httpcore.ConnectTimeout)
    )


def _resolve_host(host: str, port: int, *, timeout: float) -> list[str]:
    """Return the IP addresses of a host without repetitions, in the system's order.
    Raises ConnectTimeout after `timeout` seconds, AddressUnknown if there are none.

    The system's look-up has no time-out, so a thread makes it. If it hangs, the thread
    is abandoned; as a daemon it does not delay the end of the process.
    """
    addresses: list[str] = []

    def look_up() -> None:
        # An unknown host leaves the list empty.
        with suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses.extend(dict.fromkeys(str(info[4][0]) for info in infos))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise httpcore.ConnectTimeout("Looking up the host took too long.")
    if not addresses:
        raise AddressUnknown("The host could not be looked up.")
    return addresses


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
        # An empty buffer is not checked: the request may be complete by then, and must
        # not be reported as unsent.
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
