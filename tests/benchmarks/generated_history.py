"""Years of history behind the leads of `generated_leads`, made by the database itself.

Each generation gives every owned lead one change and every third lead a reply with its
answer, further back in time than the generation before.
"""

from django.db import connection, transaction

from assignments.sandbox.names import MEMBERS

RECENT_DAYS = 100  # days over which generation 0 is spread
GENERATION_DAYS = 90  # days of each generation before it
# Members in a circle: each lead goes round it, backwards in time.
_RING = [(place, pk) for place, (pk, _) in enumerate(MEMBERS)]
_AGO = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', (-({seconds})) || ' seconds')",
    "postgresql": "now() - ({seconds}) * interval '1 second'",
}
_CHANGES = """
INSERT INTO assignments_assignment (lead_id, expected_id, expected_known, to_id, cause,
    reason, urgency, until_back, state, outcome, created_at, finished_at, token, sends,
    failures)
SELECT l.map_id, before.id, TRUE, after.id, 'routing', 'By a rule.', 5, FALSE, 'done', '',
    {moment}, {moment}, '', 1, 0
FROM assignments_lead l
JOIN ring mine ON mine.id = l.owner_id
JOIN ring after ON after.place = (mine.place + %(generation)s) %% %(members)s
JOIN ring before ON before.place = (mine.place + %(generation)s + 1) %% %(members)s
WHERE {chosen}
"""
_REPLIES = """
INSERT INTO assignments_reply (lead_id, replied_at, answered_at, owner_id, minutes)
SELECT l.map_id, {moment}, {later}, l.owner_id, l.map_id %% 3000
FROM assignments_lead l WHERE l.owner_id IS NOT NULL AND (l.map_id / 7) %% 3 = 0
"""
_MAILS = """
INSERT INTO assignments_mailevent (lead_id, at, kind)
SELECT lead_id, replied_at, 'reply' FROM assignments_reply
WHERE NOT EXISTS (SELECT 1 FROM assignments_mailevent mail
    WHERE mail.lead_id = assignments_reply.lead_id AND mail.at = replied_at)
"""


def fill_recent() -> None:
    """Write a change for half of the leads, and replies, of the last days."""
    _write(0, chosen="(l.map_id / 7) %% 2 = 0", first_day=1, days=RECENT_DAYS)


def fill_generation(number: int) -> None:
    first_day = 1 + RECENT_DAYS + GENERATION_DAYS * (number - 1)
    _write(number, chosen="TRUE", first_day=first_day, days=GENERATION_DAYS)


def refresh_statistics() -> None:
    """Analyze the tables, as PostgreSQL does by itself a minute later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


@transaction.atomic
def _write(generation: int, *, chosen: str, first_day: int, days: int) -> None:
    seconds = (
        f"{first_day * 86_400} + (l.map_id / 7 * 7919 + {generation} * 104729) "
        f"%% {days * 86_400}"
    )
    ago = _AGO[connection.vendor]
    moment = ago.format(seconds=seconds)
    later = ago.format(seconds=f"{seconds} - 60 * (l.map_id %% 3000)")
    values = {"generation": generation, "members": len(MEMBERS)}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE ring (place integer, id bigint)")
        cursor.executemany("INSERT INTO ring VALUES (%s, %s)", _RING)
        cursor.execute(_CHANGES.format(moment=moment, chosen=chosen), values)
        cursor.execute(_REPLIES.format(moment=moment, later=later), values)
        cursor.execute(_MAILS)
        cursor.execute("DROP TABLE ring")
