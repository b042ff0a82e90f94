"""Reading of tables that somebody pasted or saved from a spreadsheet."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assignments.services.errors import AssignmentRefused

MOST_BYTES = 2_000_000
MOST_ROWS = 20_000
COLUMNS = 2
SEPARATORS = ",;\t|"
NOT_TEXT = "The file is no table as text. Save it as “CSV UTF-8” and try again."
WORKBOOK = "The file is a workbook. Save its sheet as “CSV UTF-8” and try again."
# Excel's own first line, which says what separates the cells.
_SEPARATOR_LINE = re.compile(r'\A"?sep=([^\w\s"]|\t)"?[,;|\t ]*(?:\n|\Z)', re.I)
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
_END = "\x00"  # a line of our own after the last; the text has no such character


class UnreadableTable(AssignmentRefused):
    """Raised with a sentence that says why a table cannot be read, and on which line."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    line: int  # where it begins, counted from 1
    cells: tuple[str, ...]


def decode_table(data: bytes) -> str:
    """Return the text of a file as spreadsheets write it, without NUL characters.

    That is UTF-8 or UTF-16, with or without a mark at its start, or else Windows-1252.
    Raises UnreadableTable if it has over MOST_BYTES, is a workbook, has control
    characters or cannot be decoded.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableTable("The file is larger than 2 MB.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableTable(WORKBOOK)
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        raise UnreadableTable(NOT_TEXT) from None
    text = text.replace("\x00", "").rstrip("\x1a")
    if _CONTROLS.search(text):
        raise UnreadableTable(NOT_TEXT)
    return text


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:1000]
    if head.count(0) * 4 > len(head):  # UTF-16 without its mark
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_damaged_utf8(data, error.start)
        return "cp1252"
    return "utf-8-sig"


def _refuse_damaged_utf8(data: bytes, place: int) -> None:
    """Raise UnreadableTable, with the line, if the text is UTF-8 but for damaged bytes.

    That is so if more characters beyond ASCII are good than bad; else do nothing.
    `place` is the offset of the first bad byte.
    """
    text = data.decode(errors="replace")
    wrong = text.count("\ufffd")
    right = sum(not character.isascii() for character in text) - wrong
    if right > wrong:
        line = data[:place].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
        raise UnreadableTable(
            f"Line {line + 1} has a character that is damaged. Save the file as "
            f"“CSV UTF-8” and try again."
        )


def read_rows(text: str, *, fits: Callable[[Sequence[str]], bool]) -> list[CsvRow]:
    """Return the rows that are not empty, without columns that are empty in all.

    At least two columns stay; blanks in cells are made single. The separator is what a
    first line `sep=` names, or that of `,` `;` tab `|` with which `fits` accepts most
    rows of two cells (then: that gives most such rows). Raises UnreadableTable for a
    text over MOST_BYTES characters, over MOST_ROWS rows, a quote never closed or a cell
    too long.
    """
    if len(text) > MOST_BYTES:
        raise UnreadableTable("The text is longer than 2,000,000 characters.")
    plain = text.replace("\x00", "").lstrip("\ufeff")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n")
    if named := _SEPARATOR_LINE.match(plain):
        return _split(plain[named.end() :], named[1], first_line=2)
    attempts = [_Attempt.of(plain, separator, fits) for separator in SEPARATORS]
    return max(attempts, key=lambda attempt: attempt.score).rows_or_refusal()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The table read with one separator, or why it cannot be; the best score wins."""

    rows: list[CsvRow]
    refusal: UnreadableTable | None
    score: tuple[int, ...]

    @classmethod
    def of(
        cls, text: str, separator: str, fits: Callable[[Sequence[str]], bool]
    ) -> "_Attempt":
        try:
            rows = _split(text, separator)
        except UnreadableTable as refusal:
            return cls([], refusal, (0, separator in text))
        pairs = [row.cells for row in rows if len(row.cells) == COLUMNS]
        whole = sum(not set(SEPARATORS) & set(member) for _, member in pairs)
        return cls(rows, None, (sum(map(fits, pairs)), len(pairs), whole))

    def rows_or_refusal(self) -> list[CsvRow]:
        if self.refusal:
            raise self.refusal
        return self.rows


def _split(text: str, separator: str, *, first_line: int = 1) -> list[CsvRow]:
    """Return the rows with a cell that is not empty, without empty columns.

    `first_line` is the number of the text's first line. Raises UnreadableTable for an
    open quote, too many rows or a cell too long.
    """
    if text and not text.endswith("\n"):
        text += "\n"
    reader = csv.reader(io.StringIO(text + _END), delimiter=separator)
    rows: list[CsvRow] = []
    row_line = first_line
    try:
        for read in reader:
            if read == [_END]:
                break
            cells = tuple(" ".join(cell.split()) for cell in read)
            if cells and cells[-1].endswith(_END):
                raise UnreadableTable(
                    f"Line {row_line}: the quote that opens there is never closed."
                )
            if any(cells):
                rows.append(CsvRow(row_line, cells))
            if len(rows) > MOST_ROWS:
                raise UnreadableTable(
                    f"There are too many rows: {MOST_ROWS:,} is the most."
                )
            row_line = reader.line_num + first_line
    except csv.Error:  # the only one left: a cell beyond the reader's limit
        raise UnreadableTable(
            f"Line {row_line}: a cell is too long. Is a quote missing?"
        ) from None
    return _without_empty_columns(rows)


def _without_empty_columns(rows: list[CsvRow]) -> list[CsvRow]:
    """Return the rows without columns that are empty in all, or at the end of a row.

    At least two columns stay.
    """
    used = sorted(
        {place for row in rows for place, cell in enumerate(row.cells) if cell}
    )
    return [CsvRow(row.line, _used_cells(row.cells, used)) for row in rows]


def _used_cells(cells: tuple[str, ...], used_columns: list[int]) -> tuple[str, ...]:
    if len(used_columns) >= COLUMNS:
        cells = tuple(cells[n] for n in used_columns if n < len(cells))
    while len(cells) > COLUMNS and not cells[-1]:
        cells = cells[:-1]
    return cells
