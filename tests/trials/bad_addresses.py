"""What can be at the address where Smartlead should be, and an office under it."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Assignment, Heartbeat, Lead, Member
from assignments.sandbox.server import Server, serving
from assignments.sandbox.world import World
from assignments.services.dispatch.context import Desk
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.smartlead.budget import account_budget
from assignments.smartlead.client import connect
from tests.dispatch_harness import FakeClock
from tests.factories import make_lead

type Address = AbstractContextManager[str]


@contextmanager
def nothing() -> Iterator[str]:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}/api/v1"


@contextmanager
def no_such_name() -> Iterator[str]:
    yield f"http://{64 * 'x'}.test/api/v1"


@contextmanager
def bad_url() -> Iterator[str]:
    yield "server.smartlead.ai/api/v1"


def saying(raw: bytes, *, scheme: str = "http") -> Callable[[], Address]:
    """A host that says this to whoever comes, and hangs up."""

    @contextmanager
    def listening() -> Iterator[str]:
        with _Host(("127.0.0.1", 0), _Say) as host:
            host.raw = _said_for_good(raw)
            thread = threading.Thread(target=host.serve_forever, args=(0.02,))
            thread.start()
            yield f"{scheme}://127.0.0.1:{host.server_address[1]}/api/v1"
            host.shutdown()
            thread.join()

    return listening


def _said_for_good(raw: bytes) -> bytes:
    """Whoever asks again comes anew: else it might meet the end of the last talk."""
    first, end, rest = raw.partition(b"\r\n")
    if not first.startswith(b"HTTP/1.1"):
        return raw
    return first + end + b"Connection: close\r\n" + rest


class _Host(socketserver.ThreadingTCPServer):
    raw = b""


class _Say(socketserver.BaseRequestHandler):
    server: _Host

    def handle(self) -> None:
        # Whoever hung up first does not want to hear it.
        with suppress(OSError):
            self.request.recv(65536)
            self.request.sendall(self.server.raw)
            # What is still unread would turn the end into a reset.
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(65536):
                pass


def page(status: str, body: str, *, kind: str = "text/html") -> Callable[[], Address]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
    return saying(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())


def json(status: str, body: str) -> Callable[[], Address]:
    return page(status, body, kind="application/json")


@dataclass
class Hall:
    """An office with a browser in front and a sandbox on a port behind."""

    world: World
    server: Server
    browser: Browser
    clock: FakeClock
    ana: Member
    ben: Member

    def lead(self, *, is_fresh: bool = False) -> Lead:
        """A lead of Ana's; a fresh one is written to without being read first."""
        map_id = sorted(self.world.owners())[0]
        self.world.assign_outside(map_id, self.ana.pk)
        known = self.clock.now - timedelta(hours=0 if is_fresh else 1)
        return make_lead(
            "Lena Lead",
            map_id=map_id,
            owner=self.ana,
            owner_known_at=known,
            owner_sure_at=known,
        )

    def click(self, lead: Lead) -> Assignment:
        """Ana to Ben, as the page posts it."""
        self.browser.post(
            f"/leads/{lead.pk}/assign/",
            {"member": self.ben.pk, "expected": self.ana.pk},
        )
        return Assignment.objects.get(lead=lead)

    def dispatch(self, *, after: float = 0) -> None:
        """Work until there is no call to make just now."""
        self.clock.advance(after)
        budget = account_budget()
        with connect(budget=budget) as client:
            desk = Desk(client=client, budget=budget, clock=self.clock)
            dispatcher = Dispatcher(desk)
            while dispatcher.take_turn(self.clock()) is None:
                pass

    def see(self, path: str) -> str:
        """A page as the manager reads it, with a worker that is alive."""
        Heartbeat.objects.update_or_create(
            name="worker", defaults={"beat_at": timezone.now()}
        )
        return unescape(self.browser.get(path).content.decode())


@contextmanager
def open_hall(world: World, browser: Browser) -> Iterator[Hall]:
    ana, ben = [
        Member.objects.create(id=pk, name=member.name, source=Member.Source.BOARD)
        for pk, member in sorted(world.account.members.items())[:2]
    ]
    with serving(world) as server:
        settings.SMARTLEAD_BASE_URL = server.base_url
        yield Hall(world, server, browser, FakeClock(timezone.now()), ana, ben)
