"""Checks of `doctor` on each host: what it runs, in which version, and its clock."""

from collections.abc import Iterator
from datetime import datetime

from assignments.services.operations import host_parts
from assignments.services.operations.findings import Finding, fine, note, problem
from assignments.services.operations.host_parts import PartState

NTP = "Keep it in time (NTP)."


def host_findings(*, at: datetime) -> Iterator[Finding]:
    """Yield a finding for each part of a host, one more if two machines run it under
    one name, one for a mixture of versions, and one for each clock that is off.
    """
    states = host_parts.part_states(at=at)
    for state in states:
        yield _part(state)
        if state.is_shared:
            yield problem(
                "hosts",
                f"Two machines run the {state.row.part} of {state.row.host}.",
                "Give each host a HOST_NAME of its own, and start it again.",
            )
    versions = host_parts.running_versions(states)
    if len(versions) > 1:
        yield problem(
            "versions",
            f"Different versions run: {', '.join(versions)}.",
            "Update the other hosts, and start them again.",
        )
    for host, words in {s.row.host: s.clock_words for s in states}.items():
        if words:
            yield problem("clock", f"The clock of {host} is {words}.", NTP)


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


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
