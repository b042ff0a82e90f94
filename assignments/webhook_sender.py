"""HTTP of outgoing webhooks: one POST to an address that somebody has typed.

The host is looked up and checked before each request, and the connection goes to one of
the checked addresses, so that a name which leads elsewhere a moment later is of no use.
TLS still verifies the name. Redirects are not followed, proxies of the environment not
used, and of an answer no more than LONGEST_ANSWER bytes are read.
"""

import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore
import httpx
from django.conf import settings

from assignments.outgoing_address import AddressRefused, IpAddress, look_up

DEADLINE = 10.0  # seconds for the whole of a request
LONGEST_ANSWER = 4096
LONGEST_URL = 1000


class SendFailed(Exception):
    """A request that got no answer; the message is a sentence without the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAnswer:
    status: int
    retry_after: str
    text: str


def checked_url(typed: str) -> str:
    """Return a typed address in ASCII, without white space around it.

    Raises AddressRefused, with a sentence for its author, for anything but https (with
    OUTGOING_PRIVATE also http), for names or passwords in it, and for a host that is not
    found or has an address that is not public.
    """
    try:
        url = httpx.URL(typed.strip())
    except (httpx.InvalidURL, UnicodeError) as error:
        raise AddressRefused("This is no address. It begins with https://.") from error
    allowed = ("https", "http") if settings.OUTGOING_PRIVATE else ("https",)
    if url.scheme not in allowed or not url.host:
        raise AddressRefused("The address must begin with https://.")
    if not 0 < _port(url) <= 65535:
        raise AddressRefused("The port must be a number from 1 to 65535.")
    if url.userinfo:
        raise AddressRefused("The address must hold no user name and no password.")
    if url.fragment or "#" in typed:
        raise AddressRefused("The address must have no part after a #.")
    if len(str(url)) > LONGEST_URL:
        raise AddressRefused(f"The address has more than {LONGEST_URL} characters.")
    _addresses(url, seconds=DEADLINE)
    return str(url)


def post(url: str, *, headers: Mapping[str, str], body: bytes) -> SentAnswer:
    """Send `body` and return the answer, whatever its status.

    Raises SendFailed if there is none within DEADLINE seconds, or if the address is not
    allowed (any more).
    """
    deadline = _Deadline(time.monotonic() + DEADLINE)
    try:
        target = httpx.URL(checked_scheme(url))
        addresses = _addresses(target, seconds=deadline.left())
        return _exchange(target, addresses, deadline, headers=headers, body=body)
    except AddressRefused as refusal:
        problem = str(refusal)
    except httpcore.TimeoutException:
        problem = f"There was no answer within {DEADLINE:.0f} seconds."
    except _NotSecure:
        problem = "There is no secure connection: no TLS, or a certificate not valid."
    except httpcore.ConnectError:
        problem = "Nothing answers at this address."
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        problem = "The connection broke off before there was an answer."
    except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError):
        problem = "This is no address."
    # Raised outside of the handlers: errors of the libraries may hold the address.
    raise SendFailed(problem)


def checked_scheme(url: str) -> str:
    """Return `url`; raise AddressRefused if its scheme is not allowed any more."""
    if not url.startswith("https://") and not settings.OUTGOING_PRIVATE:
        raise AddressRefused("The address must begin with https://.")
    return url


def _exchange(
    target: httpx.URL,
    addresses: list[IpAddress],
    deadline: "_Deadline",
    *,
    headers: Mapping[str, str],
    body: bytes,
) -> SentAnswer:
    backend = _PinnedBackend(addresses, deadline)
    host = target.netloc
    sent_headers = {
        "Host": host.decode(),
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Length": str(len(body)),
        **headers,
    }
    with httpcore.ConnectionPool(
        ssl_context=_ssl_context(), network_backend=backend
    ) as pool:
        response = pool.handle_request(
            httpcore.Request(
                "POST",
                httpcore.URL(
                    scheme=target.raw_scheme,
                    host=target.raw_host,
                    port=target.port,
                    target=target.raw_path,
                ),
                headers=list(sent_headers.items()),
                content=body,
            )
        )
        with closing(response):
            return _read(response)


def _read(response: httpcore.Response) -> SentAnswer:
    found = httpx.Headers(response.headers)
    text = bytearray()
    try:
        for chunk in response.iter_stream():
            text += chunk
            if len(text) >= LONGEST_ANSWER:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass  # the status alone decides, and it has come
    return SentAnswer(
        status=response.status,
        retry_after=found.get("Retry-After", ""),
        text=bytes(text[:LONGEST_ANSWER]).decode("utf-8", "replace"),
    )


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _addresses(url: httpx.URL, *, seconds: float) -> list[IpAddress]:
    return look_up(
        url.raw_host.decode(),
        _port(url),
        seconds=seconds,
        may_be_private=settings.OUTGOING_PRIVATE,
    )


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return httpx' default TLS settings, made once, as reading all authorities takes
    long.
    """
    return httpx.create_ssl_context(trust_env=False)


class _NotSecure(httpcore.ConnectError):
    pass


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The end of a request in monotonic seconds."""

    ends: float

    def left(self) -> float:
        """Return the seconds left, more than 0; raise TimeoutException after the end."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException
        return left


class _PinnedBackend(httpcore.NetworkBackend):
    """Connect to the checked addresses, whatever the host's name leads to by then."""

    def __init__(self, addresses: list[IpAddress], deadline: _Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self._addresses
        for address in others:
            try:  # a dead address must leave half of the time for the others
                return self._connect(address, port, self._deadline.left() / 2)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port, self._deadline.left())

    def _connect(
        self, address: IpAddress, port: int, seconds: float
    ) -> httpcore.NetworkStream:
        inner = httpcore.SyncBackend().connect_tcp(str(address), port, timeout=seconds)
        return _DeadlinedStream(inner, self._deadline)


class _DeadlinedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._deadline.left())

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            inner = self._inner.start_tls(
                ssl_context, server_hostname, timeout=self._deadline.left()
            )
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise _NotSecure from error
            raise
        return _DeadlinedStream(inner, self._deadline)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
