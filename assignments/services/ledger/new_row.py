"""Give a new row of the ledger its place among the pending rows of its lead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from assignments.models import Assignment, Lead
from assignments.models.assignment import State
from assignments.services.ledger.transitions import finalize


@dataclass(frozen=True, slots=True)
class PendingRows:
    """The rows of one lead that have no final state: at most one of each kind."""

    waiting: Assignment | None = None
    sending: Assignment | None = None

    @property
    def newest(self) -> Assignment | None:
        """Return the waiting row, or else the one being sent; None without either."""
        return self.waiting or self.sending

    def without_sending(self) -> "PendingRows":
        return PendingRows(waiting=self.waiting)


NOTHING_PENDING = PendingRows()


def pending_rows(leads: Iterable[int]) -> dict[int, PendingRows]:
    """Return the waiting and the sending row by lead id, in one query, `to` loaded.

    Leads without such rows are left out.
    """
    by_state: dict[int, dict[str, Assignment]] = {}
    rows = Assignment.objects.pending().filter(lead__in=leads).select_related("to")
    for row in rows:
        by_state.setdefault(row.lead_id, {})[row.state] = row
    return {
        lead_id: PendingRows(rows.get(State.WAITING), rows.get(State.SENDING))
        for lead_id, rows in by_state.items()
    }


def expect_owner(row: Assignment, lead: Lead, pending: PendingRows) -> None:
    """Set `expected` and `expected_known` of an unsaved row; nothing is saved.

    Expected is the target of the sending row, which also becomes `after`; else whom the
    waiting row expects; else the lead's owner as known.
    """
    if sending := pending.sending:
        row.after = sending
        row.expected_id = sending.to_id
        row.expected_known = True
    elif waiting := pending.waiting:
        row.expected_id = waiting.expected_id
        row.expected_known = waiting.expected_known
    else:
        row.expected_id = lead.owner_id
        row.expected_known = lead.owner_is_known


def supersede(
    waiting: Assignment, row: Assignment, *, outcome: str, at: datetime
) -> None:
    """Cancel the waiting row with `outcome`; the new `row` is not saved.

    If `row` goes to the very owner it expects, it is ended as SKIPPED.
    """
    finalize(waiting, state=State.CANCELLED, outcome=outcome, at=at)
    if row.expected_known and row.expected_id == row.to_id:
        outcome = f"{row.to} keeps it: the waiting change was cancelled."
        end_unsaved(row, State.SKIPPED, outcome, at)


def end_unsaved(row: Assignment, state: State, outcome: str, at: datetime) -> None:
    """Set state, `finished_at` and outcome (cut to 500 characters); nothing is saved."""
    row.state = state
    row.outcome = outcome[:500]
    row.finished_at = at
