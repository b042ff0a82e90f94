"""Progress of a handover or a return: what is done, what delays it, when it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from assignments.models import Assignment, Coverage, Note
from assignments.services.bulk import call_estimates
from assignments.services.bulk.call_estimates import CallEstimate
from assignments.services.coverage.certificate import HoldStatus, StatusCounts
from assignments.services.sight import EVERYTHING, Sight

MOST_SENTENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageProgress:
    """The leads done of all, and what is still to do.

    `waiting`: moves not confirmed yet. `notes`: notes not sent yet. `in_the_way`: up to
    four sentences. `ends_at`: the expected end; None if nothing is left.
    """

    done: int
    total: int
    waiting: int
    notes: int
    in_the_way: list[str]
    ends_at: datetime | None

    @property
    def is_settled(self) -> bool:
        """Return whether `waiting` and `notes` are both 0."""
        return not self.waiting and not self.notes

    @property
    def percent(self) -> float:
        return round(100 * self.done / self.total, 1) if self.total else 100.0


def coverage_progress(
    coverage: Coverage,
    tally: StatusCounts,
    *,
    at: datetime,
    sight: Sight = EVERYTHING,
) -> CoverageProgress:
    """Return the progress of the return while it is returning, else of the start.

    Only leads that are seen count, as in `tally`.

    Of a return `total` are the leads ever held, `done` those no longer out; of a start
    `done` are the leads ever held, `total` also those on their way or unplaced.
    `waiting` counts pending moves of its holds. `in_the_way` are up to three outcomes
    of these, and a sentence if leads are unplaced.
    """
    seen = Assignment.objects.pending().filter(sight.leads("lead__"))
    moves = seen.filter(changes__coverage=coverage).distinct()
    waiting, notes = moves.count(), _unsent_notes(coverage, sight)
    done = tally.taken
    total = tally.taken + tally[HoldStatus.TAKING] + coverage.unplaced
    if coverage.state == Coverage.State.RETURNING:
        done, total = tally.not_out, tally.taken
    return CoverageProgress(
        done=done,
        total=total,
        waiting=waiting,
        notes=notes,
        in_the_way=_delay_sentences(coverage, moves),
        ends_at=_expected_end(CallEstimate.of(waiting).calls + notes, at),
    )


def _unsent_notes(coverage: Coverage, sight: Sight) -> int:
    pending = Note.objects.pending().filter(sight.leads("lead__"))
    started = pending.filter(assignment__takes__coverage=coverage)
    returned = pending.filter(assignment__ends__coverage=coverage)
    return started.distinct().count() + returned.distinct().count()


def _delay_sentences(coverage: Coverage, moves: QuerySet[Assignment]) -> list[str]:
    outcomes = moves.exclude(outcome="").order_by().values_list("outcome", flat=True)
    sentences = list(dict.fromkeys(outcomes[:50]))[:MOST_SENTENCES]
    if count := coverage.unplaced:
        noun = "lead waits" if count == 1 else "leads wait"
        sentences.append(f"{count} {noun}: nobody who covers is free just now.")
    return sentences


def _expected_end(calls: int, at: datetime) -> datetime | None:
    if not calls:
        return None
    return at + timedelta(minutes=call_estimates.minutes_for(calls))
