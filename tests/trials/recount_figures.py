"""The figures a second time, from the facts alone, by the sentences of the page.

Slowly and plainly: for each lead its whole life is walked. Read docs/performance.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from tests.trials.recount_sources import Facts, Lead

type Numbers = dict[str, float | None]


@dataclass(slots=True)
class Answer:
    at: datetime
    minutes: int
    by: int | None
    is_covering: bool
    due: datetime | None


@dataclass(slots=True)
class Pile:
    """Different leads, and the answers, of one member or of all."""

    leads: set[int] = field(default_factory=set)
    replied: set[int] = field(default_factory=set)
    interested: set[int] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)
    taken_over: set[int] = field(default_factory=set)
    handed_over: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    overdue: set[int] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)

    def add(self, other: "Pile") -> None:
        for name in self.__slots__:
            if name == "answers":
                self.answers += other.answers
            else:
                getattr(self, name).update(getattr(other, name))

    def numbers(self) -> Numbers:
        own = [each for each in self.answers if not each.is_covering]
        covering = [each.minutes for each in self.answers if each.is_covering]
        sizes = {
            name: len(getattr(self, name))
            for name in self.__slots__
            if name != "answers"
        }
        return {
            **sizes,
            "reply_rate": _rate(len(self.replied), len(self.leads)),
            "interest_rate": _rate(len(self.interested), len(self.leads)),
            **numbers_of(own),
            "covering": len(covering),
            "covering_median": rank(covering, 50),
        }


def numbers_of(own: list[Answer]) -> Numbers:
    minutes = [each.minutes for each in own]
    kept = [each.at <= each.due for each in own if each.due]
    return {
        "answered": len(own),
        "median": rank(minutes, 50),
        "p90": rank(minutes, 90),
        "promised": len(kept),
        "kept": sum(kept),
        "kept_rate": _rate(sum(kept), len(kept)),
    }


def rank(values: Iterable[int], percent: int) -> int | None:
    ordered = sorted(values)
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


# ── The life of one lead ────────────────────────────────────────────────────────
def turns(lead: Lead) -> list[tuple[datetime, datetime]]:
    """Each reply that was answered, with its answer."""
    found, since = [], None
    for at, kind in sorted(lead.mails):
        if kind == "reply":
            since = since or at
        elif since:
            found.append((since, at))
            since = None
    return found


def owner_and_home(lead: Lead, at: datetime) -> tuple[int | None, int | None]:
    """Who had the lead then, and whose it was."""
    owner = home = lead.changes[0].before if lead.changes else lead.owner
    for change in lead.changes:
        if change.at > at:
            break
        owner = change.to
        home = change.to if change.is_for_good else home
    return owner, home


def answers(lead: Lead, facts: Facts) -> list[Answer]:
    found = []
    for replied, answered in turns(lead):
        owner, home = owner_and_home(lead, answered)
        due = facts.due.get((lead.id, answered.replace(microsecond=0)))
        is_covering = owner is not None and home not in {None, owner}
        minutes = int((answered - replied).total_seconds()) // 60
        found.append(Answer(answered, minutes, owner, is_covering, due))
    return found


def piles(
    facts: Facts, starts: datetime, ends: datetime, now: datetime
) -> dict[int, Pile]:
    found: dict[int | None, Pile] = defaultdict(Pile)
    for lead in facts.leads.values():
        of_lead: dict[int | None, Pile] = defaultdict(Pile)
        _move(lead, of_lead, starts, ends)
        _own(lead, of_lead, starts, ends)
        _judge(lead, of_lead, facts, starts, ends)
        for answer in answers(lead, facts):
            if starts <= answer.at < ends:
                of_lead[answer.by].answers.append(answer)
        if waits(lead, facts):
            of_lead[lead.owner].waiting.add(lead.id)
            if lead.due and lead.due < now:
                of_lead[lead.owner].overdue.add(lead.id)
        for member, pile in of_lead.items():
            found[member].add(pile)
    return {member: pile for member, pile in found.items() if member is not None}


type Piles = dict[int | None, Pile]


def _move(lead: Lead, found: Piles, starts: datetime, ends: datetime) -> None:
    for change in lead.changes:
        before = change.home or change.before
        is_within = starts <= change.at < ends
        if not change.is_for_good or not is_within or before == change.to:
            continue
        found[before].handed_over.add(lead.id)
        found[change.to].assigned.add(lead.id)
        if before is not None:
            found[change.to].taken_over.add(lead.id)
        found[before].leads.add(lead.id)
        found[change.to].leads.add(lead.id)


def _own(lead: Lead, found: Piles, starts: datetime, ends: datetime) -> None:
    is_known = lead.first_seen is not None and lead.first_seen < ends
    if is_known and (lead.gone is None or lead.gone >= starts):
        _, home = owner_and_home(lead, ends)
        found[home].leads.add(lead.id)


def _judge(
    lead: Lead, found: Piles, facts: Facts, starts: datetime, ends: datetime
) -> None:
    replies = [at for at, kind in lead.mails if kind == "reply"]
    for pile in found.values():
        if any(starts <= at < ends for at in replies):
            pile.replied |= pile.leads
        if lead.category in facts.interested:
            pile.interested |= pile.leads


def waits(lead: Lead, facts: Facts) -> bool:
    if lead.gone or lead.last_reply is None or lead.category in facts.closing:
        return False
    return lead.last_sent is None or lead.last_reply > lead.last_sent
