"""Pages ask for leads, and for rows about leads, through sight."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "dashboard"
TABLES = (
    "Lead", "Assignment", "Hold", "Breach", "Reply", "Note", "LeadNote", "Suggestion",
    "CoveredLead", "Message", "MailEvent", "PendingAnnouncement",
)  # fmt: skip
ASKED = re.compile(rf"\b(?:{'|'.join(TABLES)})\.objects\b")
# Each with the reason why nothing comes out that its viewer does not see.
ALLOWED = {
    "assign/batch_progress.py": "each query names the condition of sight",
    "assign/views.py": "one change; its lead is looked up in sight before it is used",
    "configuration/person_trail.py": "for sales managers, who see every lead",
    "coverage/page.py": "the query names the condition of sight",
    "history/filter.py": "narrowed by sight; the subquery is about rows that are shown",
    "inbox/answer_filter.py": "ids for a condition that the inbox joins with sight",
    "inbox/client_filter.py": "ids of clients, without leads; limited logins get theirs",
    "inbox/filter.py": "the queries that name the condition of sight",
    "inbox/hidden_filters.py": "ids for conditions that the inbox joins with sight",
    "inbox/lead_rows.py": "about leads that are on the page already",
    "inbox/sidebar.py": "each query names the condition of sight",
    "palette/entries.py": "the viewer's own last change, which they may undo",
    "performance/views.py": "a subquery about leads that are exported",
    "review/views.py": "the query names the condition of sight",
    "routing/replay_table.py": "leads of a replay, which is made of those that are seen",
    "team/offboarding_form.py": "excluded from, or joined with, what is seen",
    "today/coverages.py": "the query names the condition of sight",
    "today/views.py": "whether Handoff has read the inbox at all",
}


def test_pages_that_ask_past_sight_say_why():
    asking = {
        str(path.relative_to(PAGES))
        for path in PAGES.rglob("*.py")
        if ASKED.search(path.read_text())
    }

    assert asking == set(ALLOWED)


@pytest.mark.parametrize("line", ["Lead.objects.all()", "x = Hold.objects.live()"])
def test_a_query_past_sight_is_found(line: str):
    assert ASKED.search(line)
