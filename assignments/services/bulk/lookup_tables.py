"""Tables of territories and expertise: kept by a sales manager, by hand or as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from assignments.models import Mapping as Table
from assignments.models import MappingLine, Member, User
from assignments.services.access import require_manager
from assignments.services.bulk.csv_input import COLUMNS, Row, UnreadableTable, read_rows
from assignments.services.bulk.table_keys import key_of
from assignments.services.errors import AssignmentRefused
from assignments.services.people.unique_names import is_taken
from assignments.visible_text import isolated

ACT = "change the tables"
LONGEST_VALUE = 200
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
    """What came of a CSV: how many lines are new, and what was noticed of the others.

    `header` is the first row if it was taken for one, else ""; `repeats` has a sentence
    on each row that says what an earlier one did.
    """

    new_lines: int
    header: str = ""
    repeats: tuple[str, ...] = ()


@transaction.atomic
def import_lines(*, actor: User, table: Table, text: str, replaces: bool) -> Imported:
    """Take a CSV in, all of it or nothing.

    Each row: a value, then a member by e-mail, Smartlead id or name. Raises BrokenRows.
    """
    require_manager(actor, ACT)
    lines, header, repeats = _read(text, table)
    if replaces:
        table.lines.all().delete()
    before = table.lines.count()
    MappingLine.objects.bulk_create(lines, ignore_conflicts=True, batch_size=500)
    return Imported(table.lines.count() - before, header, tuple(repeats))


@dataclass(frozen=True, slots=True)
class _People:
    by_word: Mapping[str, list[Member]]

    def are_named_by(self, cells: Sequence[str]) -> bool:
        return len(cells) == COLUMNS and key_of(cells[1]) in self.by_word

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


def _read(text: str, table: Table) -> tuple[list[MappingLine], str, list[str]]:
    """Return the lines to save, the header ("" if there is none), and repetitions.

    Each repetition is a sentence on a row that says what an earlier one did.
    """
    people, header = _people(), ""
    try:
        rows = read_rows(text, fits=people.are_named_by)
    except UnreadableTable as refusal:
        raise BrokenRows([str(refusal)]) from None
    if rows and _is_header(rows, people):
        header, rows = ", ".join(rows[0].cells), rows[1:]
    if not rows:
        raise AssignmentRefused("There is no row in it. Each has a value and a member.")
    lines, repeats = _lines(rows, people, table)
    return lines, header, repeats


def _lines(
    rows: Sequence[Row], people: _People, table: Table
) -> tuple[list[MappingLine], list[str]]:
    """Return the lines to save and the repetitions, as `_read` does; raises BrokenRows."""
    lines: list[MappingLine] = []
    problems: list[str] = []
    repeats: list[str] = []
    first_rows: dict[tuple[str, int], int] = {}
    for row in rows:
        found = _line(row.cells, people, table)
        if isinstance(found, str):
            problems.append(f"Line {row.line}: {found}.")
            continue
        first = first_rows.setdefault((found.key, found.member_id), row.line)
        if first == row.line:
            lines.append(found)
        else:
            said = f"“{isolated(found.value[:60])}” leads to {found.member}"
            repeats.append(f"Line {row.line} repeats line {first}: {said} already.")
    if problems:
        raise BrokenRows(problems)
    return lines, repeats


def _is_header(rows: Sequence[Row], people: _People) -> bool:
    """Whether the first row names its columns: in any words, so long as others follow."""
    cells = rows[0].cells
    if tuple(cell.lower() for cell in cells) == HEADER:
        return True
    if len(rows) == 1 or len(cells) != COLUMNS or not all(cells):
        return False
    is_address_or_id = "@" in cells[1] or cells[1].isdigit()
    return not is_address_or_id and not people.are_named_by(cells)


def _line(row: Sequence[str], people: _People, table: Table) -> MappingLine | str:
    if len(row) < COLUMNS:
        return "1 column instead of 2, a value and a member"
    if len(row) > COLUMNS:
        return (
            f"{len(row)} columns instead of 2, a value and a member; a value that has "
            f"the separator in it needs quotes"
        )
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
