"""The ledger as a CSV file, row by row, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from io import StringIO

from assignments.models import Assignment, Member

COLUMNS = (
    "Row", "Time", "Lead id", "Lead", "E-mail", "Company", "From", "From id", "To",
    "To id", "Cause", "Changed by", "Reason", "State", "Outcome", "Found with",
    "Finished", "Seen in Smartlead", "Batch",
)  # fmt: skip
# A spreadsheet takes a cell that begins like this for a formula, and runs it.
FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # also full width
CONTROL = ("\t", "\r", "\n")
# Excel reads UTF-8 only if the file begins with this mark.
MARK = "\ufeff"


def csv_lines(changes: Iterable[Assignment], *, zone: tzinfo) -> Iterator[str]:
    """`zone` comes in: the file is written after the request's own zone has ended."""
    yield MARK + _line(COLUMNS)
    for change in changes:
        yield _line(_cells(change, zone))


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    if cell.startswith(CONTROL) or cell.lstrip().startswith(FORMULA):
        return f"'{cell}"
    return cell


def _line(cells: Iterable[object]) -> str:
    line = StringIO()
    csv.writer(line).writerow([harmless(str(cell)) for cell in cells])
    return line.getvalue()


def _cells(change: Assignment, zone: tzinfo) -> tuple[object, ...]:
    lead = change.lead
    return (
        change.pk,
        _moment(change.created_at, zone),
        lead.pk,
        lead.name,
        lead.email,
        lead.company,
        _member(change.expected) if change.expected_known else "Not known",
        change.expected_id or "",
        _member(change.to),
        change.to_id or "",
        change.get_cause_display(),
        change.actor or "",
        change.reason,
        change.get_state_display(),
        change.outcome,
        change.found or "",
        _moment(change.finished_at, zone),
        _moment(change.verified_at, zone),
        change.batch_id or "",
    )


def _member(member: Member | None) -> str:
    return str(member or "Nobody")


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else ""
