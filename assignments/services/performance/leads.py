"""Whose leads they were in a period, and what became of them.

A lead's *home* is the member whose lead it is: whoever owns it, or, while it is held for
a coverage, the member who is away. Coverages do not change it; every other change of
owner does. Worked back from today, so that it costs what happened since the period
began, however long the history is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Different leads, each."""

    leads: int = 0
    replied: int = 0
    interested: int = 0
    assigned: int = 0
    taken_over: int = 0
    handed_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """All members, those of a team, or one."""

    team_id: int | None = None
    member_id: int | None = None

    def lookup(self, name: str) -> dict[str, int]:
        """As a filter of the ORM on a column that holds a member."""
        if self.member_id is not None:
            return {name: self.member_id}
        return {} if self.team_id is None else {f"{name}__team": self.team_id}

    def condition(self, column: str) -> str:
        """As SQL on a column that holds a member."""
        if self.member_id is not None:
            return f"{column} = %(member)s"
        if self.team_id is not None:
            members = "SELECT id FROM assignments_member WHERE team_id = %(team)s"
            return f"{column} IN ({members})"
        return f"{column} IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Told:
    """Of each member who had a lead or a change, and of all in the scope together."""

    members: dict[int, Counts]
    total: Counts


def counts(starts_at: datetime, ends_at: datetime, *, scope: Scope) -> Told:
    values = _values(starts_at, ends_at, scope)
    owned, all_owned = _owned(values, scope)
    changed = {
        row[0]: dict(zip(_CHANGES, row[1:], strict=True))
        for row in _rows(_CHANGED, values, scope)
    }
    return Told(
        members={
            member: Counts(**owned.get(member, {}), **changed.get(member, {}))
            for member in owned.keys() | changed.keys()
            if member is not None
        },
        total=Counts(**all_owned, **changed.get(None, {})),
    )


_LEADS = ("leads", "replied", "interested")
_CHANGES = ("assigned", "taken_over", "handed_over")
# What a lead was before a change for good: its home, even if somebody covered it.
_MOVES = """
moves AS (
    SELECT id, lead_id, finished_at, gained, lost FROM (
        SELECT a.id, a.lead_id, a.finished_at, a.to_id AS gained,
            COALESCE(
                (SELECT h.origin_id FROM assignments_hold h
                 WHERE h.ended_by_id = a.id AND h.taken_at IS NOT NULL
                 ORDER BY h.id LIMIT 1),
                a.expected_id
            ) AS lost
        FROM assignments_assignment a
        WHERE a.state = 'done' AND a.finished_at >= %(starts)s
            AND a.cause NOT IN ('coverage_start', 'coverage_return')
            AND NOT a.until_back
    ) AS told
    WHERE COALESCE(gained, 0) <> COALESCE(lost, 0)
),
moved AS (SELECT * FROM moves WHERE finished_at < %(ends)s)
"""
_AROUND = """
held AS (
    SELECT h.lead_id, h.origin_id FROM assignments_hold h
    WHERE h.state = 'live' AND NOT EXISTS (
        SELECT 1 FROM assignments_hold beneath
        WHERE beneath.lead_id = h.lead_id AND beneath.state = 'live'
            AND beneath.id < h.id
    )
),
later AS (
    SELECT lead_id, lost,
        ROW_NUMBER() OVER (PARTITION BY lead_id ORDER BY finished_at, id) AS nth
    FROM moves WHERE finished_at >= %(ends)s
),
replied AS (
    SELECT DISTINCT lead_id FROM assignments_seenmail
    WHERE kind = 'reply' AND at >= %(starts)s AND at < %(ends)s
)
"""
_JOINED = """
LEFT JOIN held ON held.lead_id = l.map_id
LEFT JOIN later ON later.lead_id = l.map_id AND later.nth = 1
LEFT JOIN replied ON replied.lead_id = l.map_id
LEFT JOIN assignments_category c ON c.id = l.category_id AND c.is_interested
"""
_HOME = (
    "CASE WHEN later.lead_id IS NULL THEN COALESCE(held.origin_id, l.owner_id) "
    "ELSE later.lost END"
)
_KNOWN = "l.first_seen_at < %(ends)s AND (l.gone_at IS NULL OR l.gone_at >= %(starts)s)"
# Each lead has one home at the period's end; then those that only passed through.
_OWNED = """
WITH {moves}, {around},
homes AS (
    SELECT {home} AS member, COUNT(*) AS leads, COUNT(replied.lead_id) AS replied,
        COUNT(c.id) AS interested
    FROM assignments_lead l {joined} WHERE {known} GROUP BY 1
),
passed AS (
    SELECT p.lead_id, p.member, CASE WHEN {known} THEN {home} END AS home,
        replied.lead_id AS replied,
        CASE WHEN c.id IS NOT NULL THEN p.lead_id END AS interested
    FROM (SELECT lead_id, gained AS member FROM moved
          UNION SELECT lead_id, lost FROM moved) p
    JOIN assignments_lead l ON l.map_id = p.lead_id {joined}
)
SELECT TRUE, member, leads, replied, interested FROM homes WHERE {scope}
UNION ALL
SELECT FALSE, member, COUNT(*), COUNT(replied), COUNT(interested)
FROM passed WHERE {scope} AND COALESCE(home, 0) <> member GROUP BY member
UNION ALL
SELECT TRUE, NULL, COUNT(DISTINCT lead_id), COUNT(DISTINCT replied),
    COUNT(DISTINCT interested)
FROM passed WHERE {scope} AND NOT COALESCE({at_home}, FALSE)
"""
_CHANGED = """
WITH {moves},
sides AS (
    SELECT lead_id, gained AS member, lead_id AS gain, NULL AS loss,
        CASE WHEN lost IS NOT NULL THEN lead_id END AS taken
    FROM moved
    UNION ALL
    SELECT lead_id, lost, NULL, lead_id, NULL FROM moved
),
ours AS (SELECT * FROM sides WHERE {scope})
SELECT member, COUNT(DISTINCT gain), COUNT(DISTINCT taken), COUNT(DISTINCT loss)
FROM ours GROUP BY member
UNION ALL
SELECT NULL, COUNT(DISTINCT gain), COUNT(DISTINCT taken), COUNT(DISTINCT loss) FROM ours
"""


type _Sums = dict[str, int]


def _owned(
    values: dict[str, Any], scope: Scope
) -> tuple[dict[int | None, _Sums], _Sums]:
    """Of each member; and of all, who share the leads that passed between them."""
    members: dict[int | None, _Sums] = {}
    total = dict.fromkeys(_LEADS, 0)
    for counts_once, member, *numbers in _rows(_OWNED, values, scope):
        for name, number in zip(_LEADS, numbers, strict=True):
            sums = members.setdefault(member, dict.fromkeys(_LEADS, 0))
            sums[name] += number
            total[name] += number if counts_once else 0
    return members, total


def _values(starts_at: datetime, ends_at: datetime, scope: Scope) -> dict[str, Any]:
    adapted = connection.ops.adapt_datetimefield_value
    values = {"starts": adapted(starts_at), "ends": adapted(ends_at)}
    named = {"team": scope.team_id, "member": scope.member_id}
    return values | {name: value for name, value in named.items() if value is not None}


def _rows(sql: str, values: dict[str, Any], scope: Scope) -> list[tuple[Any, ...]]:
    words = sql.format(
        moves=_MOVES,
        around=_AROUND,
        joined=_JOINED,
        home=_HOME,
        known=_KNOWN,
        scope=scope.condition("member"),
        at_home=scope.condition("home"),
    )
    with connection.cursor() as cursor:
        cursor.execute(words, values)
        return list(cursor.fetchall())
