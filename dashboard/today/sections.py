"""The sections of Today that list leads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from assignments.models import Lead, User
from dashboard.inbox.answer_filter import due_title, late_words
from dashboard.inbox.lead_rows import InboxRow, rows_of
from dashboard.permissions import ViewerRights
from dashboard.today.lead_lists import LeadList, list_of_query, lowered

FIRST = 3  # rows of a section; its list has the rest
LATE = "mine=yes&sla=late&sort=late"
OVERDUE = "mine=yes&sla=overdue&sort=late"
DUE_TODAY = "mine=yes&sla=today&sort=due"
DUE_SOON = "mine=yes&sla=due&sort=due"
NOBODYS = "owner=nobody&status=open"
NOBODYS_INTERESTED = "owner=nobody&status=interested"
UNCOVERED = "review=away"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSection:
    """A list, and `part`: another one whose number stands beside it, with its words.

    `empty` is said instead if the list has no lead, `note` beside its title. With
    `is_assigned` the button assigns the leads of the list, otherwise it opens the first.
    """

    key: str
    title: str
    list: LeadList
    empty: str = ""
    note: str = ""
    part: LeadList | None = None
    part_words: str = ""
    rows: tuple[InboxRow, ...] = ()
    is_assigned: bool = False

    @property
    def has_more(self) -> bool:
        return self.list.count > len(self.rows)

    @property
    def due_title(self) -> str:
        """Return the title of the last column, if it says how late answers are."""
        return due_title(self.list.query)

    @property
    def first_lead(self) -> Lead:
        return self.rows[0].lead if self.rows else self.list.first[0]

    @property
    def candidates(self) -> Iterator[Lead]:
        """Return the leads to show, best first: of Nobody's those who are interested."""
        if self.is_assigned and self.part:
            yield from self.part.first
        yield from self.list.first


def lead_sections(
    user: User, rights: ViewerRights, *, at: datetime
) -> list[LeadSection]:
    """Return the sections in the order of the page, without rows.

    Leads that nobody has, or whose owner is away, are for those who may assign many:
    a member gets the first two sections only.
    """
    sections = [_late(user, at), _due_today(user, at)]
    if rights.may_assign_many:
        sections += [_nobodys(user, at), _uncovered(user, at)]
    return sections


def _late(user: User, at: datetime) -> LeadSection:
    title = late_words(at)
    late = list_of_query(LATE, user=user, at=at)
    overdue = list_of_query(OVERDUE, user=user, at=at)
    nothing = f"Nothing {lowered(title)}"
    if overdue.count and not late.count:
        return LeadSection(key="late", title="Overdue", list=overdue, note=nothing)
    return LeadSection(
        key="late",
        title=title,
        list=late,
        empty=nothing,
        part=overdue,
        part_words="overdue in all",
    )


def _due_today(user: User, at: datetime) -> LeadSection:
    nothing, soon_words = "Nothing due today", "within the hour"
    today = list_of_query(DUE_TODAY, user=user, at=at)
    soon = list_of_query(DUE_SOON, user=user, at=at)
    if soon.count and not today.count:  # past midnight
        title = f"Due {soon_words}"
        return LeadSection(key="due-today", title=title, list=soon, note=nothing)
    return LeadSection(
        key="due-today",
        title="Due today",
        list=today,
        empty=nothing,
        part=soon,
        part_words=soon_words,
    )


def _nobodys(user: User, at: datetime) -> LeadSection:
    return LeadSection(
        key="nobodys",
        title="Nobody’s",  # noqa: RUF001
        list=list_of_query(NOBODYS, user=user, at=at),
        empty="Every open lead has an owner",
        part=list_of_query(NOBODYS_INTERESTED, user=user, at=at),
        part_words="interested",
        is_assigned=True,
    )


def _uncovered(user: User, at: datetime) -> LeadSection:
    return LeadSection(
        key="uncovered",
        title="Owner away, nobody covers",
        list=list_of_query(UNCOVERED, user=user, at=at),
        empty="No absence leaves a lead uncovered",
        is_assigned=True,
    )


def first_rows(
    sections: Sequence[LeadSection],
    troubled: Iterable[Lead],
    *,
    viewer: User,
    at: datetime,
) -> tuple[list[LeadSection], list[InboxRow]]:
    """Return the sections with their first FIRST rows each, and the rows of `troubled`.

    No lead stands twice on the page: a section leaves out what stands above it, and
    all of them what is in trouble.
    """
    shown = {lead.pk: lead for lead in troubled}
    chosen = {"troubles": list(shown)}
    for section in sections:
        new = {lead.pk: lead for lead in section.candidates if lead.pk not in shown}
        chosen[section.key] = list(new)[:FIRST]
        shown |= {pk: new[pk] for pk in chosen[section.key]}
    rows = {row.lead.pk: row for row in rows_of(shown.values(), viewer=viewer, at=at)}
    return (
        [
            replace(section, rows=tuple(rows[pk] for pk in chosen[section.key]))
            for section in sections
        ],
        [rows[pk] for pk in chosen["troubles"]],
    )
