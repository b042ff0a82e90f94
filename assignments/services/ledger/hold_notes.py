"""The notes and sentences of a coverage, with the names filled in."""

import re

from assignments.models import Coverage, Lead, Member
from assignments.services.absence_wording import first_day_away, last_day_away
from assignments.services.ledger.notes import LONGEST


def note(template: str, *, coverage: Coverage, lead: Lead, covering: Member) -> str:
    """The note for one lead. What is filled in is never looked through again."""
    words = {
        "away": str(coverage.member),
        "covering": str(covering),
        "first_day": first_day_away(coverage),
        "last_day": last_day_away(coverage),
        "lead": str(lead),
        "campaign": str(lead.campaign) if lead.campaign else "no campaign",
    }
    filled = re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)
    return filled[:LONGEST]


def start_reason(coverage: Coverage, to: Member, why: str) -> str:
    """Maya is away until Fri 15 May; Luca covers half of the leads."""
    return f"{coverage.member} is away until {last_day_away(coverage)}; {to} {why}."


def summary(coverage: Coverage) -> str:
    """What a whole batch is for."""
    return f"{coverage.member} is away until {last_day_away(coverage)}."


def return_reason(coverage: Coverage) -> str:
    return f"{coverage.member} is back and gets back what was covered."
