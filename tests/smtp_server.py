"""A real mail server for the tests, which can be told to misbehave."""

import asyncio
import email
import email.policy
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "sesame-p%C3%A4ss"  # never to be seen anywhere


@dataclass
class SmtpServer:
    """The mails that arrived, and what the server does instead of taking them."""

    host: str = ""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    greylists: set[str] = field(default_factory=set)
    drops_after_data: bool = False
    hangs: bool = False
    wants_login: bool = False
    to_senders: str = "250 OK"
    to_recipients: str = "250 OK"
    to_contents: str = "250 OK"
    policies: dict[str, str] = field(default_factory=dict)  # answers by recipient
    asked_for: int = 0  # how many recipients it was asked to take
    takes_utf8: bool = True
    most_on_a_line: int = 0  # mails; 0 for no limit
    recipients: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def subjects(self) -> list[tuple[str, str]]:
        """Recipient and subject of each mail, in the order of arrival."""
        return [(mail["To"], mail["Subject"]) for mail in self.mails]

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        session.host_name = hostname  # type: ignore[assignment]
        session.mails = 0  # type: ignore[attr-defined]
        if not self.takes_utf8:
            return [line for line in responses if "SMTPUTF8" not in line]
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any
    ) -> str:
        envelope.mail_from = address
        if self.wants_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.most_on_a_line and session.mails >= self.most_on_a_line:  # type: ignore[attr-defined]
            return "421 4.7.0 Enough for this connection"
        return self.to_senders

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 No such mailbox"
        if address in self.greylists:
            self.greylists.remove(address)
            return "451 4.7.1 Greylisted, try again later"
        self.asked_for += 1
        if address in self.policies:
            return self.policies[address]
        if not self.to_recipients.startswith("250"):
            return self.to_recipients
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if not self.to_contents.startswith("250"):
            return self.to_contents
        self.recipients += envelope.rcpt_tos
        self.raw.append(envelope.content)
        session.mails += 1  # type: ignore[attr-defined]
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if self.drops_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"

    def knows(self, *_: Any) -> AuthResult:
        login: LoginPassword = _[-1]
        good = login.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)


class _FreePortController(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def open_smtp_server() -> Iterator[SmtpServer]:
    box = SmtpServer()
    server = _FreePortController(
        box,
        hostname="127.0.0.1",
        port=0,
        authenticator=box.knows,
        auth_require_tls=False,
    )
    server.start()
    box.host, box.port = "127.0.0.1", server.port
    try:
        yield box
    finally:
        server.stop()


def mailers(box: SmtpServer, **options: Any) -> dict[str, Any]:
    """Return the setting MAILERS for this server."""
    values = {"host": box.host, "port": box.port, "timeout": 5}
    backend = "assignments.smtp.Backend"
    return {"default": {"BACKEND": backend, "OPTIONS": values | options}}


class _DrippingHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Send a line of some minutes, a character at a time."""
        with suppress(OSError):  # the other side has had enough
            for _ in range(3000):
                self.request.sendall(b"2")
                time.sleep(0.02)


@contextmanager
def open_dripping_server() -> Iterator[SmtpServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _DrippingHandler) as server:
        server.daemon_threads = True
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        host, port = server.server_address[:2]
        yield SmtpServer(host=str(host), port=port)
        server.shutdown()
        thread.join()
