"""The mirror with a sandbox, and a clock that stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.mirror import conversations, scheduler, sync_passes
from assignments.services.mirror.session import SyncReport, SyncSession
from assignments.smartlead.budget import CallBudget, CallKind, account_budget
from assignments.smartlead.client import Client, connect
from assignments.smartlead.records import LeadRow
from tests.dispatch_harness import FakeClock
from tests.factories import MONDAY


@dataclass
class MirrorHarness:
    world: FakeSmartlead
    client: Client
    budget: CallBudget
    clock: FakeClock
    naps: list[float] = field(default_factory=list)

    @property
    def reading(self) -> SyncSession:
        return SyncSession(
            client=self.client,
            budget=self.budget,
            clock=self.clock,
            sleep=self.sleep,
            until=self.clock.now + timedelta(hours=1),
            background=CallKind.NORMAL,
        )

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.clock.advance(seconds)

    def head_pass(self) -> int:
        """Make a whole head pass and return how many pages it took."""
        return self._through(sync_passes.read_head_page)

    def round(self, *, is_deep: bool = True) -> int:
        sync_passes.begin_round(at=self.clock(), is_deep=is_deep)
        return self._through(sync_passes.read_full_page)

    def slice(self, seconds: float = 45) -> SyncReport:
        return scheduler.sync_slice(
            client=self.client,
            budget=self.budget,
            until=self.clock.now + timedelta(seconds=seconds),
            clock=self.clock,
            sleep=self.sleep,
        )

    def full(self) -> SyncReport:
        return scheduler.run_full_sync(
            client=self.client,
            budget=self.budget,
            clock=self.clock,
            progress=lambda _: None,
        )

    def open(self, map_id: int) -> SyncReport:
        return conversations.refresh_lead(
            map_id=map_id, client=self.client, budget=self.budget, at=self.clock()
        )

    def calls(self, path: str) -> int:
        """Return how many calls have gone to this path."""
        return sum(path in call.path for call in self.world.call_log.calls())

    def _through(self, step: Any) -> int:
        for pages in range(1, 100):
            if step(self.reading):
                return pages
        raise AssertionError("It goes on for ever.")


@contextmanager
def open_mirror_harness(
    world: FakeSmartlead, *, now: datetime = MONDAY
) -> Iterator[MirrorHarness]:
    budget = account_budget()
    with connect(budget=budget) as client:
        yield MirrorHarness(world, client, budget, FakeClock(now))


def make_row(map_id: int = 1, **said: Any) -> LeadRow:
    """Make a row as a list sends it: owner 7, in campaign 5, replied an hour ago."""
    values: dict[str, Any] = {
        "map_id": map_id,
        "lead_id": map_id + 1000,
        "email": f"lead-{map_id}@example.com",
        "first_name": "Lena",
        "last_name": "Lead",
        "company": "",
        "phone": "",
        "category_id": None,
        "category_name": None,
        "status": "INPROGRESS",
        "owner_id": 7,
        "owner_known": True,
        "owner_name": None,
        "unread": True,
        "last_sent_at": MONDAY - timedelta(hours=5),
        "last_reply_at": MONDAY - timedelta(hours=1),
        "email_account_id": 9,
        "campaign_id": 5,
        "campaign_name": "Cold storage",
        "client_id": None,
        "revenue": None,
        "important": False,
        "archived": False,
        "snoozed": False,
        "next_send_at": None,
        "history": None,
    }
    return LeadRow(**(values | said))
