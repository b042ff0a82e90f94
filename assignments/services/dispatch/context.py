"""Tools of the dispatcher: the client, the budget of calls, the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.dispatch import Signal

from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.mirror.import_leads import save_row
from assignments.smartlead.budget import CallBudget, Slot
from assignments.smartlead.client import Client
from assignments.smartlead.records import LeadRow

# Sent with step="claimed", "stamped", "answered", …: trials stop a worker there.
step_reached = Signal()


@dataclass(frozen=True, slots=True)
class DispatchContext:
    """The client of the account, its budget, and the clock (UTC) that tests may set."""

    client: Client
    budget: CallBudget
    clock: Callable[[], datetime]

    def emit(self, step: str) -> None:
        """Send the signal `step_reached` with this step."""
        step_reached.send(sender=DispatchContext, step=step)

    def read_lead(self, map_id: int, slot: Slot) -> tuple[LeadRow | None, datetime]:
        """Read one lead by one call; return its row and when it was asked for.

        The row is None if Smartlead no longer has the lead. Emits "reading" before and
        "read" after the call. Raises NotSent, ServiceTrouble or Refused.
        """
        asked_at = self.clock()
        self.emit("reading")
        with self.client.use_slot(slot):
            row = self.client.lead(map_id)
        self.emit("read")
        return row, asked_at

    def store_lead(self, row: LeadRow, asked_at: datetime, *, token: str = "") -> None:
        """Store all that a read of one lead said, its owner included.

        `token`: the claim of the sending assignment for which it was read; without it,
        the owner of a lead with a sending assignment is left alone.
        """
        at = self.clock()
        save_row(row, asked_at=asked_at, at=at, by="get")
        if token:
            sighting = OwnerObservation(
                owner_id=row.owner_id,
                known=row.owner_known,
                asked_at=asked_at,
                by="get",
            )
            observe_owner(map_id=row.map_id, sighting=sighting, at=at, token=token)


def retry_delay(failures: int) -> timedelta:
    """Return how long to wait after so many failures: 5 * 2 ** failures, at most 600 s.

    That is 10 s after the first one; all times TIME_SCALE.
    """
    seconds = min(5 * 2 ** min(failures, 10), 600)
    return timedelta(seconds=seconds * settings.TIME_SCALE)
