"""The history of one lead in a trial, in order, to find out why a rule was broken."""

from tests.trials.trial_record import TrialRecord


def lead_trace(record: TrialRecord, lead: int) -> str:
    events = sorted(
        [*_changes(record, lead), *_rows(record, lead), *_process_events(record)]
    )
    mentioned = [at for at, line in events if "·" not in line]
    if not mentioned:
        return f"lead {lead}: nothing happened"
    start = mentioned[0]
    lines = [f"{at - start:8.3f}  {line}" for at, line in events if at >= start - 0.01]
    return "\n".join([f"lead {lead}", *lines])


def _changes(record: TrialRecord, lead: int) -> list[tuple[float, str]]:
    return [
        (
            change.at,
            f"SMARTLEAD {change.before} → {change.after} by "
            f"{'us' if change.is_ours else 'somebody'}, "
            f"{change.transit:.3f} s under way {change.fault or ''}",
        )
        for change in record.changes_of(lead)
    ]


def _rows(record: TrialRecord, lead: int) -> list[tuple[float, str]]:
    lines = []
    for row in record.rows_of(lead):
        name = f"ROW {row.pk} {row.cause} {row.expected} → {row.to}"
        lines.append((row.created_at, f"{name} created, after {row.after}"))
        if row.finished_at is not None:
            end = f"{name} {row.state}, {row.sends} sends, found {row.found}"
            lines.append((row.finished_at, f"{end} {row.outcome}"))
    return lines


def _process_events(record: TrialRecord) -> list[tuple[float, str]]:
    """Return the events of all processes."""
    return [
        (event.at, f"  · {event.who} {event.what} {event.details or ''}")
        for event in record.events
        if event.what not in {"goes on", "failed"}
    ]
