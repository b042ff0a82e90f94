"""Handoff with a browser in front and a sandbox on a port behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from assignments.models import Assignment, Heartbeat, Lead, Member
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.server import SandboxServer, serve_in_thread
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.smartlead.budget import account_budget
from assignments.smartlead.client import connect
from tests.dispatch_harness import FakeClock
from tests.factories import make_lead


@dataclass
class FullStack:
    world: FakeSmartlead
    server: SandboxServer
    browser: Browser
    clock: FakeClock
    ana: Member
    ben: Member

    def lead(self, *, is_fresh: bool = False) -> Lead:
        """Make a lead of Ana's; a fresh one is written to without being read first."""
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
        """Assign a lead of Ana's to Ben, as the page posts it."""
        self.browser.post(
            f"/leads/{lead.pk}/assign/",
            {"member": self.ben.pk, "expected": self.ana.pk},
        )
        return Assignment.objects.get(lead=lead)

    def dispatch(self, *, after: float = 0) -> None:
        """Dispatch until there is no call to make just now, `after` so many seconds."""
        self.clock.advance(after)
        budget = account_budget()
        with connect(budget=budget) as client:
            desk = DispatchContext(client=client, budget=budget, clock=self.clock)
            dispatcher = Dispatcher(desk)
            while dispatcher.take_turn(self.clock()) is None:
                pass

    def see(self, path: str) -> str:
        """Return the text of a page for the manager, while a worker is alive."""
        Heartbeat.objects.update_or_create(
            name="worker", defaults={"beat_at": timezone.now()}
        )
        return unescape(self.browser.get(path).content.decode())


@contextmanager
def open_full_stack(world: FakeSmartlead, browser: Browser) -> Iterator[FullStack]:
    ana, ben = [
        Member.objects.create(id=pk, name=member.name, source=Member.Source.BOARD)
        for pk, member in sorted(world.store.members.items())[:2]
    ]
    with serve_in_thread(world) as server:
        settings.SMARTLEAD_BASE_URL = server.base_url
        yield FullStack(world, server, browser, FakeClock(timezone.now()), ana, ben)
