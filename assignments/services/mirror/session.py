"""One stretch of reading Smartlead: its client, budget and end.

Every call takes its slot of the budget here, outside any transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from assignments.services import account
from assignments.services.mirror import sync_sources
from assignments.services.mirror.import_leads import SavedRows
from assignments.smartlead.budget import CallBudget, CallKind
from assignments.smartlead.client import Client
from assignments.smartlead.errors import ServiceTrouble, SmartleadError
from assignments.smartlead.list_parsing import ListPage

# With these, no other source would fare better.
STOPPERS = {"key", "plan", "rate_limit"}
NOTHING_SAVED = SavedRows()


class BudgetExhausted(Exception):
    """The budget has no slot for the call before the end of the stretch."""


class Unavailable(Exception):
    """Smartlead takes none of our calls at the moment; the account holds the reason."""


@dataclass(slots=True, kw_only=True)
class SyncReport:
    """Counts of what was read. `errors` holds the latest sentence per source."""

    calls: int = 0
    rows: int = 0
    new: int = 0
    changed_owners: int = 0
    gone: int = 0
    unreadable: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = (
            f"{self.calls} calls, {self.rows} rows, {self.new} new leads, "
            f"{self.changed_owners} changed owners, {self.gone} gone, "
            f"{self.unreadable} unreadable"
        )
        return "; ".join([said, *(f"{k}: {v}" for k, v in self.errors.items())])


@dataclass(slots=True, kw_only=True)
class SyncSession:
    client: Client
    budget: CallBudget
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    until: datetime
    # What everything but the head pass costs: a tenth of the budget, or its full pace.
    background: CallKind = CallKind.FULL
    # How often a call is made again after a 429, once the budget's pause is over.
    patience: int = 0
    report: SyncReport = field(default_factory=SyncReport)

    def ask[T](self, kind: CallKind, call: Callable[[Client], T]) -> tuple[T, datetime]:
        """Make one call; return its answer and the moment it was asked.

        Waits for a slot of the budget and raises BudgetExhausted if there is none
        before `until`. Repeats the call after a rate limit (429), up to `patience`
        times, then raises; other SmartleadErrors are raised at once. The first answer
        of a session binds an unbound database to the account and clears the outage.
        """
        for _ in range(self.patience):
            try:
                return self._ask_once(kind, call)
            except ServiceTrouble as error:
                if error.kind != "rate_limit":
                    raise
        return self._ask_once(kind, call)

    def _ask_once[T](
        self, kind: CallKind, call: Callable[[Client], T]
    ) -> tuple[T, datetime]:
        until = self.until.timestamp()
        slot = self.budget.wait(kind, until=until, sleep=self.sleep)
        if slot is None:
            raise BudgetExhausted
        asked_at = self.clock()
        with self.client.use_slot(slot):
            answer = call(self.client)
        self.report.calls += 1
        if self.report.calls == 1:
            # Only an answer proves the key: the database is not bound to a wrong one.
            account.bind(asked_at)
            account.clear_outage()
        return answer, asked_at

    def count_rows[T](
        self, name: str, page: ListPage[T], saved: SavedRows = NOTHING_SAVED
    ) -> None:
        self.report.rows += len(page.rows)
        self.report.unreadable += len(page.unreadable)
        self.report.new += saved.new
        self.report.changed_owners += saved.changed_owners
        sync_sources.record_unreadable(name, page.unreadable, at=self.clock())

    @contextmanager
    def reporting(self, name: str) -> Iterator[None]:
        """Store a SmartleadError of the block with source `name` and in the report,
        instead of raising it.

        If its kind is in STOPPERS, start an outage and raise Unavailable. Clear the
        stored error if the block succeeds. Other exceptions pass.
        """
        try:
            yield
        except SmartleadError as error:
            self.note(name, str(error))
            if isinstance(error, ServiceTrouble) and error.kind in STOPPERS:
                account.start_outage(
                    kind=error.kind, sentence=str(error), at=self.clock()
                )
                raise Unavailable from error
        else:
            sync_sources.clear_error(name)
            self.report.errors.pop(name, None)

    def note(self, name: str, sentence: str) -> None:
        sync_sources.note_error(name, sentence, at=self.clock())
        self.report.errors[name] = sentence
