"""The ledger as a CSV file, row by row."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from assignments.models import Assignment, Member
from assignments.models.assignment import Cause, State
from dashboard.csv_writer import MARK, line_of, moment_of

COLUMNS = (
    "Row", "Time", "Lead id", "Lead", "E-mail", "Company", "From", "From id", "To",
    "To id", "Cause", "Changed by", "Reason", "State", "Outcome", "Found with",
    "Finished", "Seen in Smartlead", "Batch", "Covered for id", "Until back",
)  # fmt: skip
CAUSES, STATES = dict(Cause.choices), dict(State.choices)


def csv_lines(changes: Iterable[Assignment], *, zone: tzinfo) -> Iterator[str]:
    """Yield lines of CSV: the head, after a byte order mark, then one per change.

    Changes stay in their order. Times are in `zone`, which is passed in since the file
    is written after the request's own zone has ended.
    """
    yield MARK + line_of(COLUMNS)
    for change in changes:
        yield line_of(_cells(change, zone))


def _cells(change: Assignment, zone: tzinfo) -> tuple[object, ...]:
    lead = change.lead
    return (
        change.pk,
        moment_of(change.created_at, zone),
        lead.pk,
        lead.name,
        lead.email,
        lead.company,
        _member(change.expected) if change.expected_known else "Not known",
        change.expected_id or "",
        _receiver(change),
        change.to_id or "",
        CAUSES[change.cause],
        change.actor or "",
        change.reason,
        STATES[change.state],
        change.outcome,
        change.found or "",
        moment_of(change.finished_at, zone),
        moment_of(change.verified_at, zone),
        change.batch_id or "",
        getattr(change, "covered_for_id", None) or "",
        "Yes" if change.until_back else "",
    )


def _receiver(change: Assignment) -> str:
    """Return who should get the lead; "" where it stays because nobody could."""
    is_kept = change.to is None and change.state == State.SKIPPED
    return "" if is_kept else _member(change.to)


def _member(member: Member | None) -> str:
    return str(member or "Nobody")
