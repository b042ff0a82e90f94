"""Counts of leads by member in a period: owned, replied, interested, assigned.

A lead's *home* is its owner or, while it is held for a coverage, the member who is away.
Coverages do not change it; every other change of owner does. Worked back from today, so
the cost depends on what happened since the period began, not on all of the history.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from assignments.models import Member
from assignments.services.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCounts:
    """Numbers of different leads in a period, as `definitions` describes them."""

    leads: int = 0
    replied: int = 0
    interested: int = 0
    assigned: int = 0
    taken_over: int = 0
    handed_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberScope:
    """Members to count: those of a team, a single one, or all if both are None.

    Of these only members whose leads `sight` sees, and of their leads only those of its
    clients. Leads that have moved to others since still count for who had them.
    """

    team_id: int | None = None
    member_id: int | None = None
    sight: Sight = EVERYTHING

    def lookup(self, name: str) -> Q:
        """Return the scope as a condition for the foreign key to a member `name`.

        Q() for all members; the member counts if a team is given as well.
        """
        seen = self.sight.members(f"{name}__")
        if self.member_id is not None:
            return Q(**{name: self.member_id}) & seen
        if self.team_id is None:
            return seen
        return Q(**{f"{name}__team": self.team_id}) & seen

    def of(self, members: Collection[int | None]) -> set[int]:
        """Return those of the member ids that are in the scope, without None."""
        known = {
            member
            for member in members
            if member is not None and self.sight.sees_leads_of(member)
        }
        if self.member_id is not None:
            return known & {self.member_id}
        if self.team_id is None:
            return known
        team = Member.objects.filter(team=self.team_id)
        return known & set(team.values_list("pk", flat=True))

    def condition(self, column: str) -> str:
        """Return the scope as an SQL condition on a column with a member id; NULL never
        meets it.

        Uses the query parameters `member` and `team`.
        """
        if self.sight.owners is not None:
            seen = _one_of(column, self.sight.owners)
            return f"{seen} AND {replace(self, sight=EVERYTHING).condition(column)}"
        if self.member_id is not None:
            return f"{column} = %(member)s"
        if self.team_id is not None:
            members = "SELECT id FROM assignments_member WHERE team_id = %(team)s"
            return f"{column} IN ({members})"
        return f"{column} IS NOT NULL"

    @property
    def leads_condition(self) -> str:
        """Return an SQL condition on leads `l`, after another one: those of the clients.

        Empty without a limit.
        """
        clients = self.sight.clients
        if clients is None:
            return ""
        own, campaigns = (_one_of(f"{of}.client_id", clients) for of in "lk")
        return f""" AND ({own} OR l.client_id IS NULL AND l.campaign_id IN (
            SELECT k.id FROM assignments_campaign k WHERE {campaigns}))"""  # noqa: S608


def _one_of(column: str, ids: Collection[int]) -> str:
    """Return the SQL condition that the column is one of these numbers."""
    numbers = ", ".join(str(int(pk)) for pk in sorted(ids))
    return f"{column} IN ({numbers})" if numbers else "1 = 0"


@dataclass(frozen=True, slots=True)
class CountsByMember:
    """Counts of each member who had a lead or a change, and of all in the scope.

    A lead of two members counts once in `total`.
    """

    members: dict[int, LeadCounts]
    total: LeadCounts


def count_leads(
    starts_at: datetime, ends_at: datetime, *, scope: MemberScope
) -> CountsByMember:
    """Return the counts from `starts_at` up to, not including, `ends_at`.

    Only of members in the scope who had, got or lost a lead; `total` counts a lead of
    several of them once.
    """
    # The database counts the leads that stayed; those that moved are counted here:
    # the database would sort them for each column and take longer.
    stayed: dict[int, _Stayed] = {}
    moved = _Moved()
    for kind, *row in _rows(starts_at, ends_at, scope):
        if kind == "stayed":
            member, *numbers, _, _ = row
            stayed[member] = _Stayed(*numbers)
        else:
            *columns, is_kept = row
            moved.add(*columns, is_kept=is_kept)
    members = scope.of(stayed.keys() | moved.had.keys())
    return CountsByMember(
        members={member: moved.counts([member], stayed) for member in members},
        total=moved.counts(members, stayed),
    )


class _Stayed(NamedTuple):
    """Numbers of leads that had their home with a member all through the period."""

    leads: int = 0
    replied: int = 0
    interested: int = 0


class _Moved:
    """Ids of leads that changed their home in the period, by member."""

    def __init__(self) -> None:
        self.had: _LeadsOf = defaultdict(set)
        self.gained: _LeadsOf = defaultdict(set)
        self.taken: _LeadsOf = defaultdict(set)
        self.lost: _LeadsOf = defaultdict(set)
        self.replied: set[int] = set()
        self.interested: set[int] = set()

    def add(
        self,
        lead: int,
        gained_by: int | None,
        lost_by: int | None,
        replied: int | None,
        interested: int | None,
        *,
        is_kept: int,
    ) -> None:
        if gained_by is not None:
            self.had[gained_by].add(lead)
        if lost_by is not None:
            self.had[lost_by].add(lead)
        if not is_kept:  # a coverage rule kept the lead: no assignment
            self._count(lead, gained_by, lost_by)
        if replied is not None:
            self.replied.add(lead)
        if interested is not None:
            self.interested.add(lead)

    def _count(self, lead: int, gained_by: int | None, lost_by: int | None) -> None:
        if gained_by is not None:
            self.gained[gained_by].add(lead)
            if lost_by is not None:
                self.taken[gained_by].add(lead)
        if lost_by is not None:
            self.lost[lost_by].add(lead)

    def counts(
        self, members: Collection[int], stayed: Mapping[int, _Stayed]
    ) -> LeadCounts:
        """Return the counts of these members together: a moved lead that several of
        them had counts once, and the leads that stayed are added.
        """
        had = _leads_of_all(self.had, members)
        stays = [stayed[member] for member in members if member in stayed]
        return LeadCounts(
            leads=len(had) + sum(row.leads for row in stays),
            replied=len(had & self.replied) + sum(row.replied for row in stays),
            interested=len(had & self.replied & self.interested)
            + sum(row.interested for row in stays),
            assigned=len(_leads_of_all(self.gained, members)),
            taken_over=len(_leads_of_all(self.taken, members)),
            handed_over=len(_leads_of_all(self.lost, members)),
        )


type _LeadsOf = dict[int, set[int]]


def _leads_of_all(leads: _LeadsOf, members: Collection[int]) -> set[int]:
    """Return the ids of the leads that `leads` has for any of these members."""
    return set().union(*(leads[member] for member in members if member in leads))


# The home of a lead if this member of a change only covered it, before and after.
_HOME = """(SELECT h.origin_id FROM assignments_hold h
                 WHERE h.lead_id = a.lead_id AND h.to_id = a.{column}
                    AND h.taken_at < a.finished_at
                    AND (h.ended_at IS NULL OR h.ended_at > a.finished_at)
                 ORDER BY h.id LIMIT 1)"""
# `lost` is the home before a change for good, even if somebody covered the lead. An
# undo revives the holds that the undone change had ended. A lead that is kept by the
# rule of its coverage changes its home without a change of owner.
_SQL = """
WITH moves AS (
    SELECT id, lead_id, finished_at, gained, lost, 0 AS is_kept FROM (
        SELECT a.id, a.lead_id, a.finished_at,
            CASE WHEN a.cause = 'undo' THEN COALESCE(
                {home_of_to}, a.to_id
            ) ELSE a.to_id END AS gained,
            COALESCE(
                (SELECT h.origin_id FROM assignments_hold h
                 WHERE h.ended_by_id = a.id AND h.taken_at IS NOT NULL
                 ORDER BY h.id LIMIT 1),
                {home_of_expected},
                a.expected_id
            ) AS lost
        FROM assignments_assignment a
        WHERE a.state = 'done' AND a.finished_at >= %(starts)s
            AND a.cause NOT IN ('coverage_start', 'coverage_return')
            AND NOT a.until_back
    ) AS told
    WHERE COALESCE(gained, 0) <> COALESCE(lost, 0)
    UNION ALL
    SELECT h.id, h.lead_id, h.ended_at, h.to_id, h.origin_id, 1
    FROM assignments_hold h
    WHERE h.state = 'ended' AND h.outcome = 'kept' AND h.taken_at IS NOT NULL
        AND h.ended_at >= %(starts)s AND NOT EXISTS (
            SELECT 1 FROM assignments_hold beneath
            WHERE beneath.lead_id = h.lead_id AND beneath.id < h.id
                AND beneath.taken_at <= h.ended_at
                AND (beneath.ended_at IS NULL OR beneath.ended_at > h.ended_at)
        )
),
moved AS (SELECT * FROM moves WHERE finished_at < %(ends)s),
later AS (
    SELECT lead_id, lost,
        ROW_NUMBER() OVER (PARTITION BY lead_id ORDER BY finished_at, id) AS nth
    FROM moves WHERE finished_at >= %(ends)s
),
held AS (
    SELECT h.lead_id, h.origin_id FROM assignments_hold h
    WHERE h.state = 'live' AND NOT EXISTS (
        SELECT 1 FROM assignments_hold beneath
        WHERE beneath.lead_id = h.lead_id AND beneath.state = 'live'
            AND beneath.id < h.id
    )
),
replied AS (
    SELECT DISTINCT lead_id FROM assignments_mailevent
    WHERE kind = 'reply' AND at >= %(starts)s AND at < %(ends)s
),
stayed AS (
    SELECT CASE WHEN later.lead_id IS NULL THEN COALESCE(held.origin_id, l.owner_id)
            ELSE later.lost END AS member,
        COUNT(*) AS leads, COUNT(replied.lead_id) AS replied,
        COUNT(CASE WHEN replied.lead_id IS NOT NULL THEN c.id END) AS interested
    FROM assignments_lead l
    LEFT JOIN held ON held.lead_id = l.map_id
    LEFT JOIN later ON later.lead_id = l.map_id AND later.nth = 1
    LEFT JOIN replied ON replied.lead_id = l.map_id
    LEFT JOIN assignments_category c ON c.id = l.category_id AND c.is_interested
    WHERE l.first_seen_at < %(ends)s
        AND (l.gone_at IS NULL OR l.gone_at >= %(starts)s)
        AND l.map_id NOT IN (SELECT lead_id FROM moved){seen}
    GROUP BY 1
)
SELECT 'stayed', member, leads, replied, interested, NULL, NULL FROM stayed WHERE {member}
UNION ALL
SELECT 'moved', moved.lead_id, gained, lost, replied.lead_id, c.id, is_kept
FROM moved
JOIN assignments_lead l ON l.map_id = moved.lead_id
LEFT JOIN replied ON replied.lead_id = moved.lead_id
LEFT JOIN assignments_category c ON c.id = l.category_id AND c.is_interested
WHERE ({gained} OR {lost}){seen}
"""


def _rows(
    starts_at: datetime, ends_at: datetime, scope: MemberScope
) -> list[tuple[Any, ...]]:
    adapted = connection.ops.adapt_datetimefield_value
    values = {
        "starts": adapted(starts_at),
        "ends": adapted(ends_at),
        "team": scope.team_id,
        "member": scope.member_id,
    }
    columns = ("member", "gained", "lost")
    words = _SQL.format(
        home_of_to=_HOME.format(column="to_id"),
        home_of_expected=_HOME.format(column="expected_id"),
        **{name: scope.condition(name) for name in columns},
        seen=scope.leads_condition,
    )
    with connection.cursor() as cursor:
        cursor.execute(words, values)
        return list(cursor.fetchall())
