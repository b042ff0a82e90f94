"""The mirror's front door: what is due is read, in fair order, within the budget."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from assignments.models import Source
from assignments.services import account, member_filter, passes, reference, sources
from assignments.services.reading import OutOfTime, Reading, Stopped, SyncReport
from assignments.smartlead.budget import Budget, Kind
from assignments.smartlead.client import Client

REFERENCE_EVERY = timedelta(hours=1)
PROOF_EVERY = timedelta(days=1)
ROUND_EVERY = timedelta(minutes=1)
UNHURRIED = timedelta(days=1)

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], None]
type Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to read. `step` makes a call (the proof of the filter: two) and says

    whether the job is through for now; `due_at` is when its next step may be taken,
    None while there is nothing to do.
    """

    source: str
    due_at: Callable[[datetime], datetime | None]
    step: Callable[[Reading], bool]


def sync_slice(
    *,
    client: Client,
    budget: Budget,
    until: datetime,
    clock: Clock = timezone.now,
    sleep: Sleep = time.sleep,
) -> SyncReport:
    """Read what is due until the time is up; the next slice goes on where this one left.

    The head pass and the reference data come first, in turns. The full pass and its
    like use the time between.
    """
    reading = Reading(
        client=client, budget=budget, clock=clock, sleep=sleep, until=until
    )
    slice_ = _Slice(reading)
    try:
        while not _is_barred(reading) and slice_.take_step():
            pass
    except Stopped:
        # Its sentence stands with the source and with the account.
        return reading.report
    return reading.report


def run_head_sync(
    *, client: Client, budget: Budget, progress: Progress, clock: Clock = timezone.now
) -> SyncReport:
    """A whole head pass, and the reference data that is due, to their ends."""
    reading = _unhurried(client, budget, clock)
    due = [job for job in REFERENCE if _is_due(job, clock())]
    return _run(reading, [*due, HEAD], progress)


def run_full_sync(
    *, client: Client, budget: Budget, progress: Progress, clock: Clock = timezone.now
) -> SyncReport:
    """Everything once, from start to end, at the pace of bulk work."""
    reading = _unhurried(client, budget, clock)
    passes.begin_round(at=clock(), is_deep=True)
    jobs = [*REFERENCE, HEAD, PROOF, ROUND, MISSED, ATTRIBUTES]
    return _run(reading, jobs, progress)


@dataclass(slots=True)
class _Slice:
    reading: Reading
    # When each job had its last turn, counted in steps.
    turns: dict[str, int] = field(default_factory=dict)

    def take_step(self) -> bool:
        """Do one step, or wait for one; whether there is time for more."""
        at, until = self.reading.clock(), self.reading.until
        if at >= until:
            return False
        if job := self._next(_due(FOREGROUND, at)):
            return self._do(job, until)
        next_at = min(_due_times(FOREGROUND, at), default=until)
        pause_ends = min(next_at, until)
        if job := self._next(_due(BACKGROUND, at)):
            # It must not hold up what is due in the meantime.
            return self._do(job, pause_ends) or self._rest(pause_ends)
        return self._rest(min([pause_ends, *_due_times(BACKGROUND, at)]))

    def _next(self, jobs: Sequence[Job]) -> Job | None:
        return min(jobs, key=lambda job: self.turns.get(job.source, 0), default=None)

    def _do(self, job: Job, until: datetime) -> bool:
        self.turns[job.source] = max(self.turns.values(), default=0) + 1
        try:
            _attempt(job, replace(self.reading, until=until))
        except OutOfTime:
            return False
        return True

    def _rest(self, until: datetime) -> bool:
        seconds = (until - self.reading.clock()).total_seconds()
        if seconds > 0:
            self.reading.sleep(seconds)
        return until < self.reading.until


def _attempt(job: Job, reading: Reading) -> bool:
    """One step of a job; True as well if it failed, which its source then says."""
    with reading.reporting(job.source):
        return job.step(reading)
    return True


def _run(reading: Reading, jobs: Iterable[Job], progress: Progress) -> SyncReport:
    if _is_barred(reading):
        return reading.report
    try:
        for job in jobs:
            while not _attempt(job, reading):
                progress(f"{job.source}: {reading.report}")
    except Stopped:
        return reading.report
    return reading.report


def _unhurried(client: Client, budget: Budget, clock: Clock) -> Reading:
    return Reading(
        client=client,
        budget=budget,
        clock=clock,
        sleep=time.sleep,
        until=clock() + UNHURRIED,
        background=Kind.NORMAL,
    )


def _is_barred(reading: Reading) -> bool:
    """Whether the database belongs to another account: then nothing is read into it."""
    problem = account.binding_problem(account.current())
    if problem:
        reading.note(sources.INBOX, problem)
    return problem is not None


# ── What there is to read, and when ─────────────────────────────────────────────
def _every(period: timedelta) -> Callable[[Source], datetime | None]:
    return lambda source: source.completed_at and source.completed_at + period


def _job(
    name: str,
    step: Callable[[Reading], bool],
    due: Callable[[Source], datetime | None],
) -> Job:
    def due_at(at: datetime) -> datetime:
        source = sources.load(name)
        times = [due(source) or at]
        if source.error and source.error_at:
            times.append(source.error_at + timedelta(seconds=settings.HEAD_EVERY))
        return max(times)

    return Job(source=name, step=step, due_at=due_at)


def _head_due(source: Source) -> datetime | None:
    if source.cursor or source.started_at is None:
        return None
    return source.started_at + timedelta(seconds=settings.HEAD_EVERY)


def _round_due(source: Source) -> datetime | None:
    if source.cursor or source.started_at is None:
        return None
    return source.started_at + ROUND_EVERY * settings.TIME_SCALE


def _is_due(job: Job, at: datetime) -> bool:
    due_at = job.due_at(at)
    return due_at is not None and due_at <= at


def _due(jobs: Iterable[Job], at: datetime) -> list[Job]:
    return [job for job in jobs if _is_due(job, at)]


def _due_times(jobs: Iterable[Job], at: datetime) -> list[datetime]:
    times = [job.due_at(at) for job in jobs]
    return [moment for moment in times if moment is not None]
