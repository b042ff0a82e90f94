"""The workload table: each number with the address of its leads."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from assignments.models import Team
from assignments.services.insights.workload import MemberWorkload, Workload
from dashboard.inbox.hidden_filters import EVERYBODY

SORTS: dict[str, Callable[[MemberWorkload], tuple[float, str]]] = {
    "load": lambda line: (-_relative(line), _name(line)),
    "name": lambda line: (0, _name(line)),
    "open": lambda line: (-line.open, _name(line)),
    "waiting": lambda line: (-line.waiting, _name(line)),
    "overdue": lambda line: (-line.overdue, _name(line)),
    "oldest": lambda line: (
        line.oldest.since.timestamp() if line.oldest else float("inf"),
        _name(line),
    ),
}


def _name(line: MemberWorkload) -> str:
    return str(line.member).casefold()


def _relative(line: MemberWorkload) -> float:
    """Return the share of the capacity in use.

    Without a capacity it is a billionth of the open leads, which puts such members
    behind all who have a capacity and an open lead.
    """
    return line.open / 1e9 if line.share is None else line.share


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadLine:
    """A row of the table; `whose` is the query that its lists have in common."""

    carried: MemberWorkload
    whose: dict[str, str]
    widest: int = 1  # the most open leads of anybody: the scale without a capacity

    @property
    def open_list(self) -> str:
        return _inbox(self.whose, status="open")

    @property
    def waiting_list(self) -> str:
        return _inbox(self.whose, status="waiting_on_us", sort="reply")

    @property
    def overdue_list(self) -> str:
        return _inbox(self.whose, sla="overdue", sort="late")

    @property
    def held_list(self) -> str:
        if owner := self.whose.get("owner"):
            return _inbox({"covering": owner})
        return _inbox(self.whose, covering=EVERYBODY)

    @property
    def coming_list(self) -> str:
        return _inbox({"coming": self.whose.get("owner", EVERYBODY)})

    @property
    def is_of_team(self) -> bool:
        """Return True for the sums of one team: no list holds what is on the way to
        several members but not to all.
        """
        return "team" in self.whose

    @property
    def scale(self) -> int:
        member = self.carried.member
        capacity = member.capacity if member else None
        return max(capacity or self.widest, 1)

    @property
    def is_over(self) -> bool:
        return (self.carried.share or 0) > 1

    @property
    def is_full(self) -> bool:
        return (self.carried.share or 0) >= 1

    @property
    def is_off(self) -> bool:
        member = self.carried.member
        return bool(self.carried.away) or (member is not None and not member.is_active)

    @property
    def bar_words(self) -> str:
        """Return `12 open of 40, 3 held for others`; ` of 40` only with a capacity
        above 0, the last part only if leads are held.
        """
        member = self.carried.member
        capacity = f" of {member.capacity}" if member and member.capacity else ""
        held = f", {self.carried.held} held for others" if self.carried.held else ""
        return f"{self.carried.open} open{capacity}{held}"

    @property
    def own(self) -> int:
        """Return the number of open leads that are not held for others, 0 at least: the
        member's own part of the bar.
        """
        return max(self.carried.open - self.carried.held, 0)

    @property
    def share_held(self) -> int:
        return self.carried.open - self.own


def _inbox(*said: dict[str, str], **more: str) -> str:
    query: dict[str, str] = {}
    for one in (*said, more):
        query |= one
    return f"{reverse('inbox')}?{urlencode(query)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    members: list[WorkloadLine]
    others: list[
        tuple[str, WorkloadLine]
    ]  # leads of nobody, and of whom Smartlead is silent
    total: WorkloadLine


def board_of(found: Workload, *, sort: str, team: Team | None) -> Board:
    widest = max([line.open for line in found.members], default=1)
    shown = sorted(_shown(found.members), key=SORTS[sort])
    unowned = [
        ("Nobody", "nobody", found.nobody),
        ("Not known", "unknown", found.unknown),
    ]
    return Board(
        members=[
            WorkloadLine(
                carried=one, whose={"owner": str(one.member.pk)}, widest=widest
            )
            for one in shown
            if one.member
        ],
        others=[
            (label, WorkloadLine(carried=one, whose={"owner": owner}))
            for label, owner, one in unowned
            if one and (one.open or one.waiting or owner == "nobody")
        ],
        total=WorkloadLine(
            carried=found.total, whose={"team": str(team.pk)} if team else {}
        ),
    )


def _shown(lines: Iterable[MemberWorkload]) -> list[MemberWorkload]:
    """Return the lines in their order, without those of no member and those of inactive
    members that are empty.
    """
    return [
        line
        for line in lines
        if line.member and (line.member.is_active or not line.is_empty)
    ]
