"""The order of reading Smartlead: what is due, in turns, within the budget of calls."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings

from assignments import database_clock
from assignments.models import SyncSource
from assignments.services import account
from assignments.services.mirror import (
    list_verification,
    reference_data,
    sync_passes,
    sync_sources,
)
from assignments.services.mirror.session import (
    BudgetExhausted,
    SyncReport,
    SyncSession,
    Unavailable,
)
from assignments.smartlead.budget import CallBudget, CallKind
from assignments.smartlead.client import Client

REFERENCE_EVERY = timedelta(hours=1)
PROOF_EVERY = timedelta(days=1)
ROUND_EVERY = timedelta(minutes=1)
UNHURRIED = timedelta(days=1)
PATIENCE = 5

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], None]
type Progress = Callable[[str], None]


type Due = Callable[[SyncSource, datetime], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncJob:
    """One kind of reading, done step by step; a step is one call (the proof of lists:
    two).

    `step` returns True if the job has nothing more to do now. `due_at` returns when its
    next step may be taken, None while there is nothing to do.
    """

    source: str
    step: Callable[[SyncSession], bool]
    due_at: Due


def sync_slice(
    *,
    client: Client,
    budget: CallBudget,
    until: datetime,
    clock: Clock = database_clock.now,
    sleep: Sleep = time.sleep,
) -> SyncReport:
    """Read what is due, and wait for what comes due, until `until`; return the counts.

    The head pass and the reference data come first, in turns; the full pass and the
    rest use the time between. Errors of Smartlead are stored with their source, not
    raised. The slice ends early in an outage, without budget, or if the database
    belongs to another account. The next slice continues.
    """
    reading = SyncSession(
        client=client, budget=budget, clock=clock, sleep=sleep, until=until
    )
    slice_ = _Slice(reading)
    try:
        while not _is_barred(reading) and slice_.take_step():
            pass
    except Unavailable:
        # Its sentence stands with the source and with the account.
        return reading.report
    return reading.report


def run_head_sync(
    *,
    client: Client,
    budget: CallBudget,
    progress: Progress,
    clock: Clock = database_clock.now,
) -> SyncReport:
    """Read the reference data that is due, then a head pass to its end; return the
    counts.

    `progress` gets a line after each step that is not the last of its job. Errors of
    Smartlead are stored, not raised. An outage, or no budget within a day, ends the
    reading; nothing is read if the database belongs to another account.
    """
    reading = _unhurried(client, budget, clock)
    if _is_barred(reading):
        return reading.report
    times, at = _due_times(clock()), clock()
    due = [job for job in REFERENCE if times[job.source] <= at]
    return _run(reading, [*due, HEAD], progress)


def run_full_sync(
    *,
    client: Client,
    budget: CallBudget,
    progress: Progress,
    clock: Clock = database_clock.now,
) -> SyncReport:
    """Read reference data, head pass, proof of lists, a deep round, missing leads and
    campaigns' attributes, in this order; return the counts.

    Errors, budget and `progress` are treated as in `run_head_sync`.
    """
    reading = _unhurried(client, budget, clock)
    if _is_barred(reading):
        return reading.report
    sync_passes.begin_round(at=clock(), is_deep=True)
    jobs = [*REFERENCE, HEAD, PROOF, ROUND, MISSED, ATTRIBUTES]
    return _run(reading, jobs, progress)


@dataclass(slots=True)
class _Slice:
    reading: SyncSession
    # When each job had its last turn, counted in steps.
    turns: dict[str, int] = field(default_factory=dict)

    def take_step(self) -> bool:
        """Do one step of a due job, or sleep until the next is due; return False if the
        time is up or the budget allows no call in it.
        """
        at, until = self.reading.clock(), self.reading.until
        if at >= until:
            return False
        times = _due_times(at)
        if job := self._next(FOREGROUND, times, at):
            return self._do(job, until)
        soonest = [times[job.source] for job in FOREGROUND if job.source in times]
        pause_ends = min([until, *soonest])
        if job := self._next(BACKGROUND, times, at):
            # It must not hold up what comes due in the meantime.
            return self._do(job, pause_ends) or self._rest(pause_ends)
        return self._rest(min([until, *times.values()]))

    def _next(
        self, jobs: Sequence[SyncJob], times: Mapping[str, datetime], at: datetime
    ) -> SyncJob | None:
        """Return the due job whose last turn is longest ago, the first among equals;
        None if none is due.
        """
        due = [job for job in jobs if job.source in times and times[job.source] <= at]
        return min(due, key=lambda job: self.turns.get(job.source, 0), default=None)

    def _do(self, job: SyncJob, until: datetime) -> bool:
        self.turns[job.source] = max(self.turns.values(), default=0) + 1
        try:
            _attempt(job, replace(self.reading, until=until))
        except BudgetExhausted:
            return False
        return True

    def _rest(self, until: datetime) -> bool:
        if until >= self.reading.until:
            return False
        seconds = (until - self.reading.clock()).total_seconds()
        self.reading.sleep(max(seconds, 0.0))
        return True


def _attempt(job: SyncJob, reading: SyncSession) -> bool:
    """Do one step of a job; return True if it has nothing more to do, or has failed.

    A SmartleadError is stored with its source; BudgetExhausted and Unavailable are
    raised.
    """
    is_through = True
    with reading.reporting(job.source):
        is_through = job.step(reading)
    return is_through  # noqa: RET504 (the block may end early)


def _run(
    reading: SyncSession, jobs: Iterable[SyncJob], progress: Progress
) -> SyncReport:
    try:
        for job in jobs:
            _run_job(reading, job, progress)
    except Unavailable:
        return reading.report
    return reading.report


def _run_job(reading: SyncSession, job: SyncJob, progress: Progress) -> None:
    try:
        while not _attempt(job, reading):
            progress(f"{job.source}: {reading.report}")
    except BudgetExhausted:
        reading.note(job.source, "The budget allows no call within a day.")
        raise Unavailable from None


def _unhurried(client: Client, budget: CallBudget, clock: Clock) -> SyncSession:
    return SyncSession(
        client=client,
        budget=budget,
        clock=clock,
        sleep=time.sleep,
        until=clock() + UNHURRIED,
        background=CallKind.NORMAL,
        patience=PATIENCE,
    )


def _is_barred(reading: SyncSession) -> bool:
    """Return True if the database belongs to another account, and store that as the
    inbox's error.
    """
    problem = account.binding_problem(account.current_account())
    if problem:
        reading.note(sync_sources.INBOX, problem)
    return problem is not None


# ── What there is to read, and when ─────────────────────────────────────────────
def _due_times(at: datetime) -> dict[str, datetime]:
    """Return by source when each job's next step may be taken; jobs with nothing to do
    are left out. After an error it is not before HEAD_EVERY seconds have passed.
    """
    known = SyncSource.objects.in_bulk()
    times: dict[str, datetime] = {}
    for job in (*FOREGROUND, *BACKGROUND):
        source = known.get(job.source) or SyncSource(name=job.source)
        if due_at := job.due_at(source, at):
            times[job.source] = max(due_at, _pause_after_error(source) or due_at)
    return times


def _pause_after_error(source: SyncSource) -> datetime | None:
    return source.error_at and source.error_at + timedelta(seconds=settings.HEAD_EVERY)


def _hourly(source: SyncSource, at: datetime) -> datetime:
    return source.completed_at + REFERENCE_EVERY if source.completed_at else at


def _head_due(source: SyncSource, at: datetime) -> datetime:
    if source.cursor or source.started_at is None:
        return at
    return source.started_at + timedelta(seconds=settings.HEAD_EVERY)


def _round_due(source: SyncSource, at: datetime) -> datetime:
    if source.cursor or source.started_at is None:
        return at
    return source.started_at + ROUND_EVERY * settings.TIME_SCALE


def _proof_due(source: SyncSource, at: datetime) -> datetime | None:
    if source.proof_at:
        return source.proof_at + PROOF_EVERY
    enough = len(list_verification.members_to_try()) == list_verification.TRIED
    return at if enough else None


def _missed_due(_: SyncSource, at: datetime) -> datetime | None:
    return at if sync_passes.missing_leads().exists() else None


def _attributes_due(source: SyncSource, at: datetime) -> datetime | None:
    has_more = source.cursor or reference_data.campaigns_to_read(at).exists()
    return at if has_more else None


HEAD = SyncJob(
    source=sync_sources.INBOX, step=sync_passes.read_head_page, due_at=_head_due
)
REFERENCE = (
    SyncJob(
        source=sync_sources.MEMBERS, step=reference_data.read_members, due_at=_hourly
    ),
    SyncJob(
        source=sync_sources.CATEGORIES,
        step=reference_data.read_categories,
        due_at=_hourly,
    ),
    SyncJob(
        source=sync_sources.CAMPAIGNS,
        step=reference_data.read_campaigns,
        due_at=_hourly,
    ),
)
PROOF = SyncJob(
    source=sync_sources.ASSIGNED, step=list_verification.verify_lists, due_at=_proof_due
)
ROUND = SyncJob(
    source=sync_sources.FULL, step=sync_passes.read_full_page, due_at=_round_due
)
MISSED = SyncJob(
    source=sync_sources.MISSED,
    step=sync_passes.recheck_missing_lead,
    due_at=_missed_due,
)
ATTRIBUTES = SyncJob(
    source=sync_sources.CAMPAIGN_LEADS,
    step=reference_data.read_campaign_leads,
    due_at=_attributes_due,
)
FOREGROUND = (HEAD, *REFERENCE)
BACKGROUND = (ROUND, ATTRIBUTES, MISSED, PROOF)
