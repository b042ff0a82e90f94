"""HTTP as the plugins of apprise see it: checked addresses, no redirects, a deadline.

Each request goes to an address that was checked the moment before, never to a name that
may by then lead elsewhere, and to no proxy. Imported only by whoever sends.
"""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from assignments.chat.addresses import CANNOT_SEND
from assignments.outgoing_address import AddressRefused, look_up
from assignments.smtp import DeadlineWatch

# At DEBUG it logs the path of each request, and that of a channel is a secret.
logging.getLogger("urllib3").setLevel(logging.WARNING)

TIMEOUT = (4, 6)  # seconds to connect, and for each piece of the answer
DEADLINE = 10  # seconds for a message, whatever the other side does
LONGEST_ANSWER = 65_536
TLS_ONLY = (
    "Its address is not encrypted. That takes OUTGOING_PRIVATE=1 and a channel that a "
    "sales manager added."
)
REDIRECTED = 300
BUSY = 429
_KEPT = {"data", "json", "headers", "params", "auth"}


class BusyChat(Exception):
    """The service asks for a pause; the plugin may not wait for it by itself."""


@dataclass(slots=True)
class ChatAnswer:
    """The answer of a service to one message, so far as it was no success.

    `may_be_private`: whether the message may go to a private address, without TLS too.
    """

    may_be_private: bool = False
    status: int = 0
    retry_after: str = ""
    problem: str = ""
    watch: DeadlineWatch = field(default_factory=DeadlineWatch)


_answer: ContextVar[ChatAnswer] = ContextVar("chat_answer")


@contextmanager
def recorded_answer(*, may_be_private: bool) -> Iterator[ChatAnswer]:
    """Yield the record of the requests that are sent within; they have DEADLINE seconds
    together.
    """
    answer = ChatAnswer(may_be_private)
    mark = _answer.set(answer)
    try:
        with answer.watch.over(DEADLINE):
            yield answer
    finally:
        answer.watch.keep(None)
        _answer.reset(mark)


class _CheckedConnect:
    """Connects to an address of the host that was just checked."""

    _dns_host: str
    port: int

    def _new_conn(self) -> Any:
        name, answer = self._dns_host, _answer.get()
        try:
            addresses = look_up(
                name,
                self.port,
                seconds=answer.watch.left(),
                may_be_private=answer.may_be_private,
            )
        except AddressRefused as refusal:
            answer.problem = CANNOT_SEND
            raise requests.ConnectionError from refusal
        if answer.watch.is_over():  # to find the host took it all
            raise requests.ConnectTimeout
        self._dns_host = str(addresses[0])
        try:
            line = super()._new_conn()  # type: ignore[misc]
        finally:
            self._dns_host = name
        answer.watch.keep(line.dup())
        return line


class _Connection(_CheckedConnect, HTTPConnection):
    pass


class _TlsConnection(_CheckedConnect, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class GuardedRequests:
    """The module `requests` for a plugin of apprise, with calls of our own."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def get(self, url: str, **options: Any) -> Any:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Any:
        return self.request("PUT", url, **options)

    def delete(self, url: str, **options: Any) -> Any:
        return self.request("DELETE", url, **options)

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send one request and return its response, read up to LONGEST_ANSWER bytes.

        Time-outs, certificates and redirects are ours, whatever the plugin wants. Raises
        BusyChat for an answer 429, and errors of requests.
        """
        answer = _answer.get()
        if not url.startswith("https://") and not answer.may_be_private:
            answer.problem = TLS_ONLY
            raise requests.ConnectionError
        kept = {name: value for name, value in options.items() if name in _KEPT}
        with requests.Session() as session:
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(max_retries=0))
            response = session.request(
                method,
                url,
                **kept,
                timeout=TIMEOUT,
                verify=ssl.get_default_verify_paths().cafile or True,
                allow_redirects=False,
                stream=True,
            )
            _read_beginning(response)
        if response.status_code >= REDIRECTED:
            answer.status = response.status_code
            answer.retry_after = response.headers.get("Retry-After", "")
        if response.status_code == BUSY:
            raise BusyChat
        return response


def _read_beginning(response: requests.Response) -> None:
    content = b""
    for piece in response.iter_content(8192):
        content += piece
        if len(content) >= LONGEST_ANSWER:
            break
    response._content = content[:LONGEST_ANSWER]
    response._content_consumed = True
    response.close()
