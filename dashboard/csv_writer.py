"""Lines of CSV that are safe to open in a spreadsheet."""

import csv
import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from io import StringIO

from assignments.visible_text import without_turning

# A spreadsheet takes a cell that begins like this for a formula, and runs it; some see
# one in the full-width, small, raised and mathematical forms too.
SIGNS = r"=+\-@\t\r\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u207a-\u207c\u2212"
# Where another separator, or a reader who knows no quotes, lets a cell begin.
BREAKS = r",;\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
# What may be stripped from the front of a cell: blanks, quotes, controls, what is not seen.
PASSED_OVER = (
    r" \x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u034f\u061c\u115f\u1160\u1680"
    r"\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202a-\u202f\u205f-\u206f\u2800\u3000"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U000e0000-\U000e0fff"
    "\"'\u2018-\u201f\u00ab\u00bb\uff02\uff07"
)
FORMULA = re.compile(rf"(?:^|(?<=[{BREAKS}]))(?=[{PASSED_OVER}]*[{SIGNS}])")
# Excel reads UTF-8 only if the file begins with this mark.
MARK = "\ufeff"


def harmless(text: str) -> str:
    """Return `text` with an apostrophe wherever a spreadsheet could see a formula
    begin. The apostrophe stands at the start of the text or right after a comma,
    semicolon, tab or line break, if the next sign is one of SIGNS (=, +, -, @ and
    the like); blanks, quotes and unseen characters before that sign are passed over.
    To get the text back, take these apostrophes away: a text that has one there
    itself gets another.
    """
    return FORMULA.sub("'", text)


def _text(cell: object) -> str:
    return harmless(without_turning(str(cell)))


def line_of(cells: Iterable[object]) -> str:
    """Return the cells as one line of CSV: commas between them, a line feed at the end.

    int (bool too), float and Decimal are written as they are. All else is str() of it
    (None is `None`), without characters that turn the direction of writing, and
    `harmless`.
    """
    line = StringIO()
    # Not \r\n: a reader of other separators can take the end of a line into the next cell.
    csv.writer(line, lineterminator="\n").writerow(
        [
            cell if isinstance(cell, int | float | Decimal) else _text(cell)
            for cell in cells
        ]
    )
    return line.getvalue()


def moment_of(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else ""
