"""Share the calls we may make among all processes, through one row per account.

`take` returns a slot for now, or the time before which asking again is useless. Slots
are never reserved ahead, so a click never waits behind work that was queued earlier.
"""

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from assignments import database_clock
from assignments.models import Budget as BudgetRow
from assignments.smartlead.call_record import CallRecord, add_call
from assignments.smartlead.fingerprint import account_fingerprint
from assignments.smartlead.rate_limiter import (
    CallKind,
    NotBefore,
    RateLimiter,
    RateReport,
    RateWindow,
    Stamp,
)

MAX_SLEEP = 1.0  # seconds: a slot that is given back becomes free early
NO_REPORT = RateReport()

__all__ = [
    "BudgetSnapshot",
    "CallBudget",
    "CallKind",
    "NotBefore",
    "RateReport",
    "Slot",
    "WindowUse",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The right to make one call, from now until `expires` (monotonic seconds)."""

    token: str
    kind: CallKind
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowUse:
    seconds: float
    limit: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSnapshot:
    windows: tuple[WindowUse, ...]
    in_flight: int
    paused_until: datetime | None
    slowed_until: datetime | None
    foreign_calls: int  # of others on the same key, since this row exists


class CallBudget:
    """The call budget of the account `name`.

    Times are seconds of `clock`, which all processes share; `deadline` is the
    longest duration of a call in seconds.
    """

    def __init__(
        self,
        *,
        limits: Sequence[tuple[int, float]],
        name: str,
        deadline: float = 15.0,
        scale: float = 1.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._windows = [RateWindow(count, seconds) for count, seconds in limits]
        self._name = name
        self._deadline = deadline
        self._scale = scale
        self.clock = clock
        self._monotonic = monotonic
        self._jitter = jitter

    def take(self, kind: CallKind) -> Slot | NotBefore:
        """Return a slot for one call now, or NotBefore with the time before which there
        is none. A returned slot is saved in the account's row and lasts `deadline`
        seconds. Raises RuntimeError inside a transaction.
        """
        with self._locked_limiter() as (limiter, now):
            # Before the commit, so that the slot ends here before it ends in the row.
            expires = self._monotonic() + self._deadline
            taken = limiter.take(kind, now=now, token=secrets.token_hex(8))
        if isinstance(taken, NotBefore):
            return taken
        return Slot(token=taken.token, kind=kind, expires=expires)

    def wait(
        self,
        kind: CallKind,
        *,
        until: float,
        sleep: Callable[[float], None] = time.sleep,
        probe: Callable[[Slot], None] | None = None,
    ) -> Slot | None:
        """Take a slot, sleeping until there is one. Return None, without more sleep, as
        soon as the next try would be later than `until` (wall-clock seconds).

        If a probe is due after a 429 and `probe` is given, take a PROBE slot, call
        `probe` with it for the one read that finds out whether Smartlead takes calls
        again, and try anew. Errors of `probe` pass through.
        """
        while isinstance(result := self.take(kind), NotBefore):
            if result.at > until:
                return None
            if result.probe_due and probe and self._probe(probe):
                continue
            nap = min(result.at - self.clock(), MAX_SLEEP * self._scale)
            sleep(max(nap, 0.001))
        return result

    def _probe(self, probe: Callable[[Slot], None]) -> bool:
        """Take a PROBE slot, call `probe` with it and return True; return False without
        calling it if there is no slot, as when another process was faster.
        """
        slot = self.take(CallKind.PROBE)
        if isinstance(slot, NotBefore):
            return False
        probe(slot)
        return True

    def give_back(self, slot: Slot) -> None:
        """Remove a slot whose call was not made, so that it is free at once, and let
        the next paced call start earlier. An unknown slot changes nothing. Raises
        RuntimeError inside a transaction.
        """
        with self._locked_limiter() as (limiter, now):
            limiter.give_back(slot.token, now=now)

    def finish(
        self,
        slot: Slot,
        *,
        rate: RateReport = NO_REPORT,
        call: CallRecord | None = None,
    ) -> None:
        """Record that the call has ended, with or without an answer; its slot becomes
        free one window later. The server's limit and foreign calls are learned from
        `rate`. After a 429, a call that was taken after the pause ends the state in
        which only probes are allowed. A slot that is unknown or has ended changes
        nothing but the counts, to which `call` is added. Raises RuntimeError inside a
        transaction.
        """
        with self._locked_limiter(call) as (limiter, now):
            limiter.finish(slot.token, now=now, rate=rate)

    def record_429(
        self,
        slot: Slot,
        *,
        retry_after: float | None,
        rate: RateReport = NO_REPORT,
        call: CallRecord | None = None,
    ) -> None:
        """Record that the call was answered with 429: end its slot, learn from `rate`
        as `finish` does, and pause all calls. The pause lasts `retry_after` seconds,
        else `rate.resets_in`, else a backoff that doubles with each 429 in a row;
        LONGEST_PAUSE at most, plus a little jitter. Then only a probe is allowed
        until a call was answered, and paced calls are slower for SLOWED_FOR seconds.
        `call` is added to the counts.
        """
        with self._locked_limiter(call) as (limiter, now):
            limiter.record_429(
                slot.token,
                now=now,
                rate=rate,
                retry_after=retry_after,
                jitter=self._jitter(),
            )

    def snapshot(self) -> BudgetSnapshot:
        """Return the current use of the budget, read without a lock; nothing is
        changed. `used` counts busy slots, `in_flight` calls that have not ended. An
        account without a row is unused. `paused_until` and `slowed_until` are in
        UTC, or None if they have passed.
        """
        row = BudgetRow.objects.filter(pk=self._name).first()
        now = self.clock()
        limiter = self._load(row.state if row else {}, now)
        return BudgetSnapshot(
            windows=tuple(
                WindowUse(
                    seconds=window.seconds,
                    limit=limiter.limit(window),
                    used=limiter.used(window, now),
                )
                for window in limiter.windows
            ),
            in_flight=sum(_is_in_flight(stamp) for stamp in limiter.stamps),
            paused_until=_future_moment(now, limiter.paused_until),
            slowed_until=_future_moment(now, limiter.slowed_until),
            foreign_calls=limiter.foreign_seen,
        )

    def call_counts(self) -> dict[str, Any]:
        """Return the counts of all calls so far, as `add_call` makes them."""
        row = BudgetRow.objects.filter(pk=self._name).first()
        return row.calls if row else {}

    @contextmanager
    def _locked_limiter(
        self, call: CallRecord | None = None
    ) -> Iterator[tuple[RateLimiter, float]]:
        """Lock the account's row (created if missing); yield its limiter and the time,
        which is read once the lock is held. Save the limiter at the end if it
        changed, and `call` in the counts; an exception saves nothing.

        `durable` raises RuntimeError inside another transaction, which would hold the
        lock longer, for instance during a call.
        """
        with transaction.atomic(durable=True):
            row = self._locked_row()
            now = self.clock()
            limiter = self._load(row.state, now)
            yield limiter, now
            state = limiter.dump()
            if call is not None:
                row.calls = add_call(row.calls, call)
            if state != row.state or call is not None:
                row.state = state
                row.save()

    def _locked_row(self) -> BudgetRow:
        rows = BudgetRow.objects.select_for_update().filter(pk=self._name)
        if row := rows.first():
            return row
        BudgetRow.objects.bulk_create(
            [BudgetRow(name=self._name)], ignore_conflicts=True
        )
        return rows.get()

    def _load(self, state: dict[str, object], now: float) -> RateLimiter:
        return RateLimiter.load(
            state,
            now=now,
            windows=self._windows,
            deadline=self._deadline,
            scale=self._scale,
        )


def account_budget() -> CallBudget:
    """Return a budget with the limits, the deadline and the time scale of the settings,
    named by the account's fingerprint. The database is not touched.
    """
    return CallBudget(
        limits=settings.SMARTLEAD_RATE_LIMITS,
        name=account_fingerprint(),
        deadline=settings.CALL_DEADLINE,
        scale=settings.TIME_SCALE,
        clock=database_clock.seconds,
    )


def _is_in_flight(stamp: Stamp) -> bool:
    return stamp.ended_at is None


def _future_moment(now: float, seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, tz=UTC) if seconds > now else None
