"""Lines of CSV that are safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable
from datetime import datetime, tzinfo
from io import StringIO

from assignments.visible_text import without_turning

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


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    if cell.startswith(CONTROL) or cell.lstrip().startswith(FORMULA):
        return f"'{cell}"
    return cell


def line_of(cells: Iterable[object]) -> str:
    line = StringIO()
    csv.writer(line).writerow([harmless(without_turning(str(cell))) for cell in cells])
    return line.getvalue()


def moment_of(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else ""
