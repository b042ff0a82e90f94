"""The figures of members, worked out a second time from the sentences of the page.

Slow and plain: the whole life of each lead is read. See docs/performance.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from tests.trials.recount_sources import RecountData, RecountedLead

type Numbers = dict[str, float | None]


@dataclass(slots=True)
class RecountedAnswer:
    at: datetime
    minutes: int
    by: int | None
    is_covering: bool
    due: datetime | None


@dataclass(slots=True)
class MemberFigures:
    """Distinct leads, and the answers, of one member or of all."""

    leads: set[int] = field(default_factory=set)
    replied: set[int] = field(default_factory=set)
    interested: set[int] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)
    taken_over: set[int] = field(default_factory=set)
    handed_over: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    overdue: set[int] = field(default_factory=set)
    answers: list[RecountedAnswer] = field(default_factory=list)

    def add(self, other: "MemberFigures") -> None:
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
            **answer_numbers(own),
            "covering": len(covering),
            "covering_median": percentile(covering, 50),
        }


def answer_numbers(own: list[RecountedAnswer]) -> Numbers:
    minutes = [each.minutes for each in own]
    kept = [each.at <= each.due for each in own if each.due]
    return {
        "answered": len(own),
        "median": percentile(minutes, 50),
        "p90": percentile(minutes, 90),
        "promised": len(kept),
        "kept": sum(kept),
        "kept_rate": _rate(sum(kept), len(kept)),
    }


def percentile(values: Iterable[int], percent: int) -> int | None:
    ordered = sorted(values)
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


# ── The life of one lead ────────────────────────────────────────────────────────
def answered_replies(lead: RecountedLead) -> list[tuple[datetime, datetime]]:
    """Return the moment of each answered reply, with that of its answer."""
    found, since = [], None
    for at, kind in sorted(lead.mails):
        if kind == "reply":
            since = since or at
        elif since:
            found.append((since, at))
            since = None
    return found


def owner_and_home(lead: RecountedLead, at: datetime) -> tuple[int | None, int | None]:
    """Return who had the lead at that moment, and whose it was."""
    owner = home = lead.changes[0].before if lead.changes else lead.owner
    for change in lead.changes:
        if change.at > at:
            break
        owner = change.to
        home = change.to if change.is_for_good else home
    return owner, home


def recounted_answers(lead: RecountedLead, data: RecountData) -> list[RecountedAnswer]:
    found = []
    for replied, answered in answered_replies(lead):
        owner, home = owner_and_home(lead, answered)
        due = data.due.get((lead.id, answered.replace(microsecond=0)))
        is_covering = owner is not None and home not in {None, owner}
        minutes = int((answered - replied).total_seconds()) // 60
        found.append(RecountedAnswer(answered, minutes, owner, is_covering, due))
    return found


def figures_by_member(
    data: RecountData, starts: datetime, ends: datetime, now: datetime
) -> dict[int, MemberFigures]:
    found: dict[int | None, MemberFigures] = defaultdict(MemberFigures)
    for lead in data.leads.values():
        of_lead: dict[int | None, MemberFigures] = defaultdict(MemberFigures)
        _add_moves(lead, of_lead, starts, ends)
        _add_owned(lead, of_lead, starts, ends)
        _add_reactions(lead, of_lead, data, starts, ends)
        for answer in recounted_answers(lead, data):
            if starts <= answer.at < ends:
                of_lead[answer.by].answers.append(answer)
        if is_waiting(lead, data):
            of_lead[lead.owner].waiting.add(lead.id)
            if lead.due and lead.due < now:
                of_lead[lead.owner].overdue.add(lead.id)
        for member, figures in of_lead.items():
            found[member].add(figures)
    return {member: figures for member, figures in found.items() if member is not None}


type FiguresByMember = dict[int | None, MemberFigures]


def _add_moves(
    lead: RecountedLead, found: FiguresByMember, starts: datetime, ends: datetime
) -> None:
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


def _add_owned(
    lead: RecountedLead, found: FiguresByMember, starts: datetime, ends: datetime
) -> None:
    is_known = lead.first_seen is not None and lead.first_seen < ends
    if is_known and (lead.gone is None or lead.gone >= starts):
        _, home = owner_and_home(lead, ends)
        found[home].leads.add(lead.id)


def _add_reactions(
    lead: RecountedLead,
    found: FiguresByMember,
    data: RecountData,
    starts: datetime,
    ends: datetime,
) -> None:
    replies = [at for at, kind in lead.mails if kind == "reply"]
    for figures in found.values():
        if any(starts <= at < ends for at in replies):
            figures.replied |= figures.leads
        if lead.category in data.interested:
            figures.interested |= figures.replied


def is_waiting(lead: RecountedLead, data: RecountData) -> bool:
    if lead.gone or lead.last_reply is None or lead.category in data.owing_none:
        return False
    return lead.last_sent is None or lead.last_reply > lead.last_sent
