"""Tables of territories and expertise: kept by a sales manager, by hand or as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from assignments.models import Mapping as Table
from assignments.models import MappingLine, Member, User
from assignments.services.access import require_manager
from assignments.services.mapping_keys import key_of
from assignments.services.refusals import AssignmentRefused
from assignments.services.unique_names import is_taken
from assignments.visible_text import isolated

ACT = "change the tables"
LONGEST_VALUE = 200
MOST_LINES = 20_000
HEADER = ("value", "member")


class BrokenRows(AssignmentRefused):
    """A CSV with rows that cannot be read: each with its line. Nothing was taken in."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = len(problems)
        rows = "1 row is broken" if count == 1 else f"{count:,} rows are broken"
        super().__init__(f"Nothing was imported: {rows}.")


@transaction.atomic
def save_table(
    *,
    actor: User,
    name: str,
    kind: str,
    attribute: str,
    custom_field: str = "",
    table: Table | None = None,
) -> Table:
    require_manager(actor, ACT)
    table = table or Table()
    if is_taken(Table.objects.exclude(pk=table.pk), name):
        raise _taken(name)
    if attribute == Table.Attribute.CUSTOM and not custom_field:
        raise AssignmentRefused("Name the custom field that the table looks at.")
    table.name, table.kind, table.attribute = name, kind, attribute
    table.custom_field = custom_field if attribute == Table.Attribute.CUSTOM else ""
    try:
        with transaction.atomic():
            table.save()
    except IntegrityError as error:  # somebody else saved one at the same moment
        if not Table.objects.filter(name=name).exclude(pk=table.pk).exists():
            raise
        raise _taken(name) from error
    return table


def _taken(name: str) -> AssignmentRefused:
    return AssignmentRefused(f"There is already a table “{name}”.")


@transaction.atomic
def remove_table(*, actor: User, table: Table) -> None:
    require_manager(actor, ACT)
    if rule := table.rules.filter(removed_at=None).first():
        raise AssignmentRefused(
            f"The routing rule “{rule}” uses it. Change that first."
        )
    table.delete()


@transaction.atomic
def add_line(*, actor: User, table: Table, value: str, member: Member) -> MappingLine:
    require_manager(actor, ACT)
    if not (key := key_of(value)):
        raise AssignmentRefused("Say which value leads to this member.")
    line, is_new = MappingLine.objects.get_or_create(
        mapping=table, key=key, member=member, defaults={"value": value.strip()}
    )
    if not is_new:
        raise AssignmentRefused(f"“{line.value}” leads to {member} already.")
    return line


@transaction.atomic
def remove_line(*, actor: User, line: MappingLine) -> None:
    require_manager(actor, ACT)
    line.delete()


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines of a CSV are new, and a sentence on each that repeats another."""

    new: int
    repeats: list[str]


@transaction.atomic
def import_lines(*, actor: User, table: Table, text: str, replaces: bool) -> Imported:
    """Take a CSV in, all of it or nothing.

    Each row: a value, then a member by e-mail, Smartlead id or name. Raises BrokenRows.
    """
    require_manager(actor, ACT)
    lines, repeats = _read(text, table)
    if replaces:
        table.lines.all().delete()
    before = table.lines.count()
    MappingLine.objects.bulk_create(lines, ignore_conflicts=True, batch_size=500)
    return Imported(table.lines.count() - before, repeats)


@dataclass(frozen=True, slots=True)
class _People:
    by_word: Mapping[str, list[Member]]

    def find(self, text: str) -> Member | str:
        """The member, or what is wrong with the name."""
        found = self.by_word.get(key_of(text), [])
        if len(found) == 1:
            return found[0]
        if found:
            many = f"{len(found)} members; use the e-mail or the id"
            return f"“{isolated(text[:60])}” fits {many}"
        return f"no member “{isolated(text[:60])}”"


def _people() -> _People:
    words: dict[str, list[Member]] = {}
    for member in Member.objects.all():
        for word in {str(member.pk), key_of(member.email), key_of(member.name)} - {""}:
            words.setdefault(word, []).append(member)
    return _People(words)


def _read(text: str, table: Table) -> tuple[list[MappingLine], list[str]]:
    """Return the lines to save, and a sentence on each row that repeats another."""
    people, lines, problems, repeats = _people(), [], [], []
    first_rows: dict[tuple[str, int], int] = {}
    for number, row in _rows(text):
        found = _line(row, people, table)
        if isinstance(found, str):
            problems.append(f"Line {number}: {found}.")
            continue
        first = first_rows.setdefault((found.key, found.member_id), number)
        if first == number:
            lines.append(found)
        else:
            said = f"“{isolated(found.value[:60])}” leads to {found.member}"
            repeats.append(f"Line {number} repeats line {first}: {said} already.")
    if problems:
        raise BrokenRows(problems)
    if not lines:
        raise AssignmentRefused("There is no row in it. Each has a value and a member.")
    if len(lines) > MOST_LINES:
        raise AssignmentRefused(
            f"{len(lines):,} rows are too many: {MOST_LINES:,} is the most."
        )
    return lines, repeats


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin in; empty ones and a header are passed over."""
    plain = text.replace("\x00", "").lstrip("\ufeff")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n")
    first_line = plain.partition("\n")[0]
    delimiter = next((mark for mark in ";\t" if mark in first_line), ",")
    reader = csv.reader(io.StringIO(plain), delimiter=delimiter)
    begins = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            is_header = tuple(cell.lower() for cell in cells[:2]) == HEADER
            if any(cells) and not (is_header and begins == 1):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BrokenRows([f"Line {begins}: {error}."]) from None


def _line(row: list[str], people: _People, table: Table) -> MappingLine | str:
    if len(row) != 2:
        columns = "1 column" if len(row) == 1 else f"{len(row)} columns"
        return f"{columns} instead of 2, a value and a member"
    value, name = row
    if not key_of(value):
        return "the value is missing"
    if len(value) > LONGEST_VALUE:
        return f"the value has {len(value)} characters; {LONGEST_VALUE} is the most"
    member = people.find(name)
    if isinstance(member, str):
        return member
    if not member.is_active:
        return f"{member} has been deactivated"
    return MappingLine(mapping=table, value=value, key=key_of(value), member=member)
