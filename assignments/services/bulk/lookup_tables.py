"""Lookup tables of territories and expertise, edited by hand or imported as CSV.

Every function that writes raises NotAllowed unless `actor` is a sales manager.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from assignments.models import LookupEntry, LookupTable, Member, User
from assignments.services.access import require_manager
from assignments.services.bulk.csv_input import (
    COLUMNS,
    CsvRow,
    UnreadableTable,
    read_rows,
)
from assignments.services.bulk.table_keys import normalized_key
from assignments.services.errors import AssignmentRefused
from assignments.services.people.unique_names import is_taken
from assignments.visible_text import isolated

ACT = "change the tables"
LONGEST_VALUE = 200
HEADER = ("value", "member")


class BrokenRows(AssignmentRefused):
    """Raised for a CSV with bad rows: nothing was imported.

    `problems` has a sentence with the line number for each bad row.
    """

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
    table: LookupTable | None = None,
) -> LookupTable:
    """Create a table, or change `table`, and return it.

    `custom_field` is kept only for the attribute CUSTOM. Raises NotAllowed unless
    `actor` is a sales manager; AssignmentRefused if another table has the name or
    CUSTOM lacks its field.
    """
    require_manager(actor, ACT)
    table = table or LookupTable()
    if is_taken(LookupTable.objects.exclude(pk=table.pk), name):
        raise _taken(name)
    if attribute == LookupTable.Attribute.CUSTOM and not custom_field:
        raise AssignmentRefused("Name the custom field that the table looks at.")
    table.name, table.kind, table.attribute = name, kind, attribute
    table.custom_field = (
        custom_field if attribute == LookupTable.Attribute.CUSTOM else ""
    )
    try:
        with transaction.atomic():
            table.save()
    except IntegrityError as error:  # somebody else saved one at the same moment
        if not LookupTable.objects.filter(name=name).exclude(pk=table.pk).exists():
            raise
        raise _taken(name) from error
    return table


def _taken(name: str) -> AssignmentRefused:
    return AssignmentRefused(f"There is already a table “{name}”.")


@transaction.atomic
def remove_table(*, actor: User, table: LookupTable) -> None:
    """Delete a table.

    Raises NotAllowed unless `actor` is a sales manager, AssignmentRefused while a
    routing rule that is not removed uses it.
    """
    require_manager(actor, ACT)
    if rule := table.rules.filter(removed_at=None).first():
        raise AssignmentRefused(
            f"The routing rule “{rule}” uses it. Change that first."
        )
    table.delete()


@transaction.atomic
def add_entry(
    *, actor: User, table: LookupTable, value: str, member: Member
) -> LookupEntry:
    """Create and return the entry of a value that leads to a member.

    Raises NotAllowed unless `actor` is a sales manager, AssignmentRefused if the value
    is blank or leads to this member already, compared by `normalized_key`.
    """
    require_manager(actor, ACT)
    if not (key := normalized_key(value)):
        raise AssignmentRefused("Say which value leads to this member.")
    line, is_new = LookupEntry.objects.get_or_create(
        mapping=table, key=key, member=member, defaults={"value": value.strip()}
    )
    if not is_new:
        raise AssignmentRefused(f"“{line.value}” leads to {member} already.")
    return line


@transaction.atomic
def remove_entry(*, actor: User, line: LookupEntry) -> None:
    require_manager(actor, ACT)
    line.delete()


@dataclass(frozen=True, slots=True)
class TableImport:
    """The result of a CSV import.

    `header` is the first row if it was taken for one, else ""; `repeats` has a sentence
    for each row that repeats an earlier one.
    """

    new_lines: int
    header: str = ""
    repeats: tuple[str, ...] = ()


@transaction.atomic
def import_entries(
    *, actor: User, table: LookupTable, text: str, replaces: bool
) -> TableImport:
    """Import a CSV, all of it or nothing; `replaces`: delete all other entries first.

    Each row: a value, then a member by e-mail, Smartlead id or name. Entries that exist
    already are left out. Returns how many are new, with header and repeats. Raises
    NotAllowed, BrokenRows, or AssignmentRefused if there is no row.
    """
    require_manager(actor, ACT)
    entries, header, repeats = _read(text, table)
    if replaces:
        table.lines.all().delete()
    before = table.lines.count()
    LookupEntry.objects.bulk_create(entries, ignore_conflicts=True, batch_size=500)
    return TableImport(table.lines.count() - before, header, tuple(repeats))


@dataclass(frozen=True, slots=True)
class _Members:
    """Members by the words that may name them: id, e-mail or name."""

    by_word: Mapping[str, list[Member]]

    def are_named_by(self, cells: Sequence[str]) -> bool:
        return len(cells) == COLUMNS and normalized_key(cells[1]) in self.by_word

    def find(self, text: str) -> Member | str:
        """Return the member with this id, e-mail or name.

        Else a phrase such as "no member “Ana”", also if several fit.
        """
        matches = self.by_word.get(normalized_key(text), [])
        if len(matches) == 1:
            return matches[0]
        if matches:
            many = f"{len(matches)} members; use the e-mail or the id"
            return f"“{isolated(text[:60])}” fits {many}"
        return f"no member “{isolated(text[:60])}”"


def _load_members() -> _Members:
    words: dict[str, list[Member]] = {}
    for member in Member.objects.all():
        for word in {
            str(member.pk),
            normalized_key(member.email),
            normalized_key(member.name),
        } - {""}:
            words.setdefault(word, []).append(member)
    return _Members(words)


def _read(text: str, table: LookupTable) -> tuple[list[LookupEntry], str, list[str]]:
    """Return the unsaved entries, the header (or ""), and repeats as sentences.

    A repeat is a row that says what an earlier one did. Raises BrokenRows for rows that
    are wrong or a table that is unreadable, AssignmentRefused if there is no row.
    """
    members = _load_members()
    header = ""
    try:
        rows = read_rows(text, fits=members.are_named_by)
    except UnreadableTable as refusal:
        raise BrokenRows([str(refusal)]) from None
    if rows and _is_header(rows, members):
        header, rows = ", ".join(rows[0].cells), rows[1:]
    if not rows:
        raise AssignmentRefused("There is no row in it. Each has a value and a member.")
    entries, repeats = _entries(rows, members, table)
    return entries, header, repeats


def _entries(
    rows: Sequence[CsvRow], members: _Members, table: LookupTable
) -> tuple[list[LookupEntry], list[str]]:
    """Return the unsaved entries, and a sentence for each row repeating an earlier one.

    Raises BrokenRows with a sentence for each row that is wrong.
    """
    entries: list[LookupEntry] = []
    problems: list[str] = []
    repeats: list[str] = []
    first_rows: dict[tuple[str, int], int] = {}
    for row in rows:
        entry = _entry(row.cells, members, table)
        if isinstance(entry, str):
            problems.append(f"Line {row.line}: {entry}.")
            continue
        first = first_rows.setdefault((entry.key, entry.member_id), row.line)
        if first == row.line:
            entries.append(entry)
        else:
            target = f"“{isolated(entry.value[:60])}” leads to {entry.member}"
            repeats.append(f"Line {row.line} repeats line {first}: {target} already.")
    if problems:
        raise BrokenRows(problems)
    return entries, repeats


def _is_header(rows: Sequence[CsvRow], members: _Members) -> bool:
    """Return whether the first row names the columns.

    It does if it is "value, member"; or if more rows follow and it has two cells, both
    filled, the second of which is no member, number or e-mail address.
    """
    cells = rows[0].cells
    if tuple(cell.lower() for cell in cells) == HEADER:
        return True
    if len(rows) == 1 or len(cells) != COLUMNS or not all(cells):
        return False
    is_address_or_id = "@" in cells[1] or cells[1].isdigit()
    return not is_address_or_id and not members.are_named_by(cells)


def _entry(
    row: Sequence[str], members: _Members, table: LookupTable
) -> LookupEntry | str:
    """Return the unsaved entry of a row, or a phrase that says what is wrong with it."""
    if len(row) < COLUMNS:
        return "1 column instead of 2, a value and a member"
    if len(row) > COLUMNS:
        return (
            f"{len(row)} columns instead of 2, a value and a member; a value that has "
            f"the separator in it needs quotes"
        )
    value, name = row
    if not normalized_key(value):
        return "the value is missing"
    if len(value) > LONGEST_VALUE:
        return f"the value has {len(value)} characters; {LONGEST_VALUE} is the most"
    member = members.find(name)
    if isinstance(member, str):
        return member
    if not member.is_active:
        return f"{member} has been deactivated"
    return LookupEntry(
        mapping=table, value=value, key=normalized_key(value), member=member
    )
