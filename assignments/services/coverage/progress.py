"""How far a start or a return has come, what is in its way, and when it will be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from assignments.models import Assignment, Coverage, Note
from assignments.services.bulk import call_estimates
from assignments.services.bulk.call_estimates import Estimate
from assignments.services.coverage.certificate import Fate, Tally

MOST_SENTENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    done: int
    total: int
    waiting: int  # moves not yet confirmed
    notes: int  # not yet sent
    in_the_way: list[str]
    ends_at: datetime | None  # when it will be done, if nothing gets in the way

    @property
    def is_settled(self) -> bool:
        return not self.waiting and not self.notes

    @property
    def percent(self) -> float:
        return round(100 * self.done / self.total, 1) if self.total else 100.0


def progress(coverage: Coverage, tally: Tally, *, at: datetime) -> Progress:
    moves = Assignment.objects.pending().filter(changes__coverage=coverage).distinct()
    waiting, notes = moves.count(), _notes(coverage)
    done = tally.taken
    total = tally.taken + tally[Fate.TAKING] + coverage.unplaced
    if coverage.state == Coverage.State.RETURNING:
        done, total = tally.not_out, tally.taken
    return Progress(
        done=done,
        total=total,
        waiting=waiting,
        notes=notes,
        in_the_way=_sentences(coverage, moves),
        ends_at=_expected_end(Estimate.of(waiting).calls + notes, at),
    )


def _notes(coverage: Coverage) -> int:
    pending = Note.objects.pending()
    started = pending.filter(assignment__takes__coverage=coverage)
    returned = pending.filter(assignment__ends__coverage=coverage)
    return started.distinct().count() + returned.distinct().count()


def _sentences(coverage: Coverage, moves: QuerySet[Assignment]) -> list[str]:
    said = moves.exclude(outcome="").order_by().values_list("outcome", flat=True)
    sentences = list(dict.fromkeys(said[:50]))[:MOST_SENTENCES]
    if count := coverage.unplaced:
        noun = "lead waits" if count == 1 else "leads wait"
        sentences.append(f"{count} {noun}: nobody who covers is free just now.")
    return sentences


def _expected_end(calls: int, at: datetime) -> datetime | None:
    if not calls:
        return None
    return at + timedelta(minutes=call_estimates.minutes_for(calls))
