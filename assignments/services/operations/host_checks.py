"""Checks of `doctor` on each host: what it runs, in which version, and its clock."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from assignments.services.operations import host_parts
from assignments.services.operations.findings import Finding, fine, note, problem
from assignments.services.operations.host_parts import PartState

NTP = "Keep it in time (NTP)."


def host_findings(*, at: datetime) -> Iterator[Finding]:
    """Yield a finding for each part of a host, one more for a mixture of versions, and
    one for each clock that is off.
    """
    states = host_parts.part_states(at=at)
    for state in states:
        yield _part(state)
    versions = host_parts.running_versions(states)
    if len(versions) > 1:
        yield problem(
            "versions",
            f"Different versions run: {', '.join(versions)}.",
            "Update the other hosts, and start them again.",
        )
    yield from _clocks(states)


def _part(state: PartState) -> Finding:
    row = state.row
    name = f"{row.part} on {row.host} ({row.version})"
    if state.is_alive:
        return fine("hosts", f"The {name} is alive.")
    if row.stopped_at is not None:
        return note("hosts", f"The {name} was stopped at {_minute(row.stopped_at)}.")
    return problem(
        "hosts",
        f"The {name} has given no sign of life since {_minute(row.beat_at)}.",
        "Start it there: manage.py serve",
    )


def _clocks(states: Sequence[PartState]) -> Iterator[Finding]:
    ahead = {s.row.host: s.row.clock_ahead for s in states if s.is_alive}
    for host, seconds in ahead.items():
        if seconds:
            yield problem(
                "clock", f"The clock of {host} is {clock_words(seconds)}.", NTP
            )


def clock_words(seconds: float) -> str:
    """Return `20 s ahead of the database's` or `20 s behind the database's`."""
    direction = "ahead of" if seconds > 0 else "behind"
    return f"{abs(seconds):.0f} s {direction} the database's"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
