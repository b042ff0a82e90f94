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

    @property
    def condition(self) -> str:
        """As SQL on the column `member`."""
        if self.member_id is not None:
            return "member = %(member)s"
        if self.team_id is not None:
            members = "SELECT id FROM assignments_member WHERE team_id = %(team)s"
            return f"member IN ({members})"
        return "member IS NOT NULL"


def counts(
    starts_at: datetime, ends_at: datetime, *, scope: Scope
) -> dict[int, Counts]:
    """For each member who had a lead or a change."""
    rows = _ask(starts_at, ends_at, scope=scope, by="member")
    return {member: told for member, told in rows if member is not None}


def total(starts_at: datetime, ends_at: datetime, *, scope: Scope) -> Counts:
    """Of all members in the scope together."""
    rows = _ask(starts_at, ends_at, scope=scope, by="CAST(NULL AS bigint)")
    return rows[0][1] if rows else Counts()


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
_HOMES = """
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
homes AS (
    SELECT l.map_id AS lead_id, CASE WHEN later.lead_id IS NULL
        THEN COALESCE(held.origin_id, l.owner_id) ELSE later.lost END AS member
    FROM assignments_lead l
    LEFT JOIN held ON held.lead_id = l.map_id
    LEFT JOIN later ON later.lead_id = l.map_id AND later.nth = 1
    WHERE l.first_seen_at < %(ends)s
        AND (l.gone_at IS NULL OR l.gone_at >= %(starts)s)
),
owned AS (
    SELECT lead_id, member FROM homes WHERE {scope}
    UNION SELECT lead_id, member FROM (SELECT lead_id, gained AS member FROM moved) g
        WHERE {scope}
    UNION SELECT lead_id, member FROM (SELECT lead_id, lost AS member FROM moved) l
        WHERE {scope}
)
"""
_OWNED = """
WITH {moves}, {homes},
replied AS (
    SELECT DISTINCT lead_id FROM assignments_seenmail
    WHERE kind = 'reply' AND at >= %(starts)s AND at < %(ends)s
),
leads AS (SELECT DISTINCT {by} AS member, lead_id FROM owned)
SELECT leads.member, COUNT(*), COUNT(replied.lead_id),
    COUNT(CASE WHEN c.is_interested THEN 1 END)
FROM leads
JOIN assignments_lead l ON l.map_id = leads.lead_id
LEFT JOIN assignments_category c ON c.id = l.category_id
LEFT JOIN replied ON replied.lead_id = leads.lead_id
GROUP BY leads.member
"""
_CHANGED = """
WITH {moves},
sides AS (
    SELECT lead_id, gained AS member, lost AS other, 1 AS is_gain FROM moved
    UNION ALL
    SELECT lead_id, lost, gained, 0 FROM moved
)
SELECT {by} AS who,
    COUNT(DISTINCT CASE WHEN is_gain = 1 THEN lead_id END),
    COUNT(DISTINCT CASE WHEN is_gain = 1 AND other IS NOT NULL THEN lead_id END),
    COUNT(DISTINCT CASE WHEN is_gain = 0 THEN lead_id END)
FROM sides WHERE {scope} GROUP BY who
"""


def _ask(
    starts_at: datetime, ends_at: datetime, *, scope: Scope, by: str
) -> list[tuple[int | None, Counts]]:
    values = _values(starts_at, ends_at, scope)
    owned = {row[0]: row[1:] for row in _rows(_OWNED, values, scope, by)}
    changed = {row[0]: row[1:] for row in _rows(_CHANGED, values, scope, by)}
    return [
        (member, _counts(owned.get(member, (0,) * 3), changed.get(member, (0,) * 3)))
        for member in owned.keys() | changed.keys()
    ]


def _counts(owned: tuple[int, ...], changed: tuple[int, ...]) -> Counts:
    leads, replied, interested = owned
    assigned, taken_over, handed_over = changed
    return Counts(
        leads=leads,
        replied=replied,
        interested=interested,
        assigned=assigned,
        taken_over=taken_over,
        handed_over=handed_over,
    )


def _values(starts_at: datetime, ends_at: datetime, scope: Scope) -> dict[str, Any]:
    adapted = connection.ops.adapt_datetimefield_value
    values = {"starts": adapted(starts_at), "ends": adapted(ends_at)}
    named = {"team": scope.team_id, "member": scope.member_id}
    return values | {name: value for name, value in named.items() if value is not None}


def _rows(
    sql: str, values: dict[str, Any], scope: Scope, by: str
) -> list[tuple[Any, ...]]:
    homes = _HOMES.format(scope=scope.condition)
    words = sql.format(moves=_MOVES, homes=homes, by=by, scope=scope.condition)
    with connection.cursor() as cursor:
        cursor.execute(words, values)
        return list(cursor.fetchall())
