"""Names of batches, made from what a batch is about and who gets how many leads."""

from collections import Counter
from collections.abc import Mapping

from assignments.models import Batch, Member
from assignments.visible_text import isolated

LONGEST_NAME = 200
LONGEST_SUBJECT = 70
MOST_NAMED = 3  # receivers in a name


def batch_name(
    subject: str, gains: Mapping[int, int], members: Mapping[int, Member]
) -> str:
    """Return e.g. "DACH → Ben 15, Luca 15", the most leads first.

    `gains` counts the leads that each member (id) gets; members beyond MOST_NAMED are
    told as one number. Only `subject` if nobody gets a lead.
    """
    ranked = sorted(gains.items(), key=lambda gain: (-gain[1], f"{members[gain[0]]}"))
    names = _short_names([members[pk] for pk, _ in ranked])
    told = [f"{names[pk]} {count:,}" for pk, count in ranked[:MOST_NAMED] if count]
    if rest := ranked[MOST_NAMED:]:
        others = "1 other" if len(rest) == 1 else f"{len(rest)} others"
        told.append(f"{others} {sum(count for _, count in rest):,}")
    subject = shortened(subject, LONGEST_SUBJECT)
    return shortened(f"{subject} → {', '.join(told)}" if told else subject)


def undo_name(batch: Batch) -> str:
    return shortened(f"Undo of {batch.in_words}")


def retry_name(batch: Batch) -> str:
    return shortened(f"Another try of {batch.in_words}")


def shortened(text: str, most: int = LONGEST_NAME) -> str:
    """Return the text; with more than `most` characters cut, and "…" at its end."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _short_names(members: list[Member]) -> dict[int, str]:
    """Return first names by member id; whole names where two begin alike."""
    firsts = {member.pk: str(member).partition(" ")[0] for member in members}
    often = Counter(firsts.values())
    return {
        member.pk: f"{member}"
        if often[firsts[member.pk]] > 1 or firsts[member.pk] == "Member"
        else f"{isolated(firsts[member.pk])}"
        for member in members
    }
