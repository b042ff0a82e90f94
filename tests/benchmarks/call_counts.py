"""Counts of the calls of a run, from the sandbox's call log."""

from collections import Counter
from math import inf

from django.conf import settings

from assignments.sandbox.call_log import CallLogEntry
from assignments.sandbox.fake_smartlead import FakeSmartlead


def our_calls(world: FakeSmartlead, since: int = 0) -> list[CallLogEntry]:
    """Return our calls after that many log entries, in the order of their arrival."""
    entries = world.call_log.entries(after=since)
    return [entry for entry in entries if entry.source == "api"]


def calls_by_kind(world: FakeSmartlead, since: int = 0) -> Counter[str]:
    """Count calls by kind: list, thread, owner, note."""
    return Counter(entry.kind for entry in our_calls(world, since))


def stale_writes(world: FakeSmartlead, since: int = 0) -> int:
    """Count writes of an owner whose lead was not read within FRESH before.

    The log does not say which leads a list showed: a list counts for all of them.
    """
    seen_at: dict[int | None, float] = {}
    listed_at, stale = -inf, 0
    for entry in our_calls(world, since):
        if entry.kind == "list":
            listed_at = entry.arrived_at
        if entry.kind == "owner":
            known_at = max(listed_at, seen_at.get(entry.map_id, -inf))
            stale += entry.arrived_at - known_at > settings.FRESH
        if entry.kind in {"owner", "thread"} and entry.status == 200:
            seen_at[entry.map_id] = entry.arrived_at
    return stale
