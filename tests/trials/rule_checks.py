"""Checks the rules of a trial against what really happened in Smartlead.

Writes that took effect after anybody could have waited for them (hung in the server, or
sent by a process that was stopped at that moment) are listed apart: no caller of an API
without compare-and-set can prevent those.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.trials.outside_changes import FIRST_OUTSIDE_OWNER
from tests.trials.trial_record import AssignmentRow, NoteCall, OwnerChange, TrialRecord

SLACK = 0.15  # seconds between a worker's last look at the clock and its call's leaving
FINAL = {"done", "refused", "overtaken", "cancelled", "skipped"}
UNSENT = {"cancelled", "skipped"}


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    lead: int | None
    sentence: str

    def __str__(self) -> str:
        where = f"lead {self.lead}: " if self.lead else ""
        return f"[{self.rule}] {where}{self.sentence}"


@dataclass(slots=True)
class RuleReport:
    violations: list[Violation] = field(default_factory=list)
    late: list[OwnerChange] = field(default_factory=list)
    late_notes: list[NoteCall] = field(default_factory=list)
    # Clicks sent on a read that was fresh by FRESH_CLICK, but not by a second.
    over_a_second: int = 0
    writes: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.violations


def check_rules(record: TrialRecord) -> RuleReport:
    report = RuleReport()
    report.late = [
        change
        for change in record.changes
        if change.is_ours and is_late(change, record)
    ]
    report.late_notes = [
        call for call in record.note_calls if call.transit > record.quiet - SLACK
    ]
    report.writes = sum(change.is_ours for change in record.changes)
    for lead in record.leads:
        lead_check = _LeadCheck(record, lead.pk)
        report.violations += lead_check.violations()
        report.over_a_second += lead_check.over_a_second()
    report.violations += [
        *_stuck_rows(record),
        *_wrong_mirror(record),
        *_wrong_note_counts(record, report.late_notes),
        *_failed_invariants(record),
        *_broken_processes(record),
    ]
    return report


def is_late(change: OwnerChange, record: TrialRecord) -> bool:
    return change.transit > record.quiet - SLACK


class _LeadCheck:
    """Compares what happened to one lead in Smartlead with its rows."""

    def __init__(self, record: TrialRecord, lead: int) -> None:
        self.record, self.lead = record, lead
        self.rows = record.rows_of(lead)
        self.changes = record.changes_of(lead)
        self.row_of = {change.seq: self._find_row(change) for change in self.changes}

    def violations(self) -> Iterator[Violation]:
        yield from self._overwritten()
        yield from self._undone_by_older()
        yield from self._untrue_rows()
        yield from self._invented_changes()

    def over_a_second(self) -> int:
        second = self.record.scale + SLACK
        found = self._unexpected()
        return sum(row.is_click and age > second for _, row, age in found)

    def _find_row(self, change: OwnerChange) -> AssignmentRow | None:
        """Return the row that a write of ours carried out, by member and time.

        A lead never has two rows for one member pending at a time.
        """
        if not change.is_ours:
            return None
        return next(
            (
                row
                for row in reversed(self.rows)
                if row.to == change.after
                and row.sends
                and row.created_at - SLACK <= change.sent_at
                and (row.finished_at is None or change.sent_at <= row.finished_at)
            ),
            None,
        )

    def _is_late(self, change: OwnerChange) -> bool:
        return change.is_ours and is_late(change, self.record)

    def _unexpected(self) -> Iterator[tuple[OwnerChange, AssignmentRow, float]]:
        """Yield writes over an owner set by somebody else and unknown to the row.

        The last item is the seconds from that change to the moment when ours was sent.
        """
        for before, change in zip(self.changes, self.changes[1:], strict=False):
            row = self.row_of[change.seq]
            if row is None or before.is_ours or self._expected(row, before):
                continue
            yield change, row, change.sent_at - before.at

    def _expected(self, row: AssignmentRow, outside_change: OwnerChange) -> bool:
        return row.expected == outside_change.after

    def _overwritten(self) -> Iterator[Violation]:
        for change, row, age in self._unexpected():
            bound = self.record.fresh_click if row.is_click else self.record.fresh
            if age > bound + SLACK:
                yield self._violation(
                    "compare before write",
                    f"row {row.pk} wrote {change.after} over {change.before}, which "
                    f"somebody had set {age:.2f} s before (bound {bound:.2f})",
                )

    def _undone_by_older(self) -> Iterator[Violation]:
        newest = 0
        for change in self.changes:
            if not change.is_ours or self._is_late(change):
                continue
            row = self.row_of[change.seq]
            if row is None:
                sentence = f"{change.after} was written, and no row wanted it then"
                yield self._violation("a decision for every write", sentence)
            elif row.pk < newest:
                sentence = f"row {row.pk} was written after the newer row {newest}"
                yield self._violation("no older decision undoes a newer", sentence)
            newest = max(newest, row.pk if row else 0)

    def _untrue_rows(self) -> Iterator[Violation]:
        for row in self.rows:
            if row.cause == "outside" or row.finished_at is None:
                continue
            if why_not := self._why_untrue(row):
                sentence = f"row {row.pk} ({row.state}, to {row.to}): {why_not}"
                yield self._violation("the final state is true", sentence)

    def _why_untrue(self, row: AssignmentRow) -> str | None:
        written = [change for change in self.changes if self.row_of[change.seq] == row]
        in_time = [change for change in written if not self._is_late(change)]
        if row.state == "refused":
            return f"nothing here is refused: {row.outcome}"
        if row.state == "done" and not written:
            return "it was never written"
        if row.state in UNSENT and in_time:
            return "it was written all the same"
        if row.state == "overtaken" and not self._somebody_was_faster(row):
            return f"{row.found} was never set by anybody else before"
        return None

    def _somebody_was_faster(self, row: AssignmentRow) -> bool:
        assert row.finished_at is not None
        return any(
            change.after == row.found
            and change.at <= row.finished_at
            and (not change.is_ours or self._is_late(change))
            for change in self.changes
        )

    def _invented_changes(self) -> Iterator[Violation]:
        seen = [row for row in self.rows if row.cause == "outside"]
        real = [
            change
            for change in self.changes
            if not change.is_ours or self._is_late(change)
        ]
        if len(seen) > len(real):
            sentence = f"{len(seen)} changes seen from outside, {len(real)} were made"
            yield self._violation("outside changes are real", sentence)
        for row in seen:
            if row.to not in {change.after for change in real}:
                sentence = f"row {row.pk} names {row.to}, whom nobody else ever set"
                yield self._violation("outside changes are real", sentence)
        for row in self.rows:
            if row.cause != "outside" and self._knew_too_early(row, seen):
                sentence = f"row {row.pk} expects {row.expected} before it was seen"
                yield self._violation("compare before write", sentence)

    def _knew_too_early(self, row: AssignmentRow, seen: list[AssignmentRow]) -> bool:
        """Return True if the row expects an outside owner that was observed only later."""
        if row.expected is None or row.expected < FIRST_OUTSIDE_OWNER:
            return False
        outside = [other for other in seen if other.to == row.expected]
        return any(other.pk > row.pk for other in outside)

    def _violation(self, rule: str, sentence: str) -> Violation:
        return Violation(rule, self.lead, sentence)


def _stuck_rows(record: TrialRecord) -> Iterator[Violation]:
    for row in record.rows:
        if row.state not in FINAL:
            sentence = f"row {row.pk} is still {row.state}: {row.outcome}"
            yield Violation("no row is stuck", row.lead, sentence)
    for note in record.notes:
        if note.state in {"waiting", "sending"}:
            sentence = f"note {note.reference} is still {note.state}"
            yield Violation("no row is stuck", note.lead, sentence)
    for lead in record.leads:
        if lead.waits_for_recheck:
            yield Violation("no row is stuck", lead.pk, "a recheck still waits")
    if record.is_paused:
        yield Violation("no row is stuck", None, "writes or bulk are still paused")


def _wrong_mirror(record: TrialRecord) -> Iterator[Violation]:
    for lead in record.leads:
        if lead.owner != lead.real_owner:
            sentence = f"{lead.owner} here, {lead.real_owner} in Smartlead"
            yield Violation("the mirror ends true", lead.pk, sentence)


def _wrong_note_counts(
    record: TrialRecord, late: list[NoteCall]
) -> Iterator[Violation]:
    for note in record.notes:
        calls = [
            change for change in record.note_calls if note.reference in change.text
        ]
        count = len(calls)
        in_time = count - sum(call in late for call in calls)
        least, most = _allowed_count(note.state, is_readable=record.notes_are_readable)
        if count < least or in_time > most:
            sentence = f"note {note.reference} ({note.state}) is there {count} times"
            yield Violation("every note once", note.lead, sentence)
    if record.notes_are_readable and record.people_are_named:
        for note in record.notes:
            if note.state == "unconfirmed":
                sentence = f"note {note.reference} is unconfirmed, but can be read"
                yield Violation("every note once", note.lead, sentence)


def _allowed_count(state: str, *, is_readable: bool) -> tuple[int, int]:
    """Return how often a note in this state may be in Smartlead: at least, at most."""
    if state == "unconfirmed":
        return 0, 1
    return (1, 1) if state == "done" else (0, 0)


def _failed_invariants(record: TrialRecord) -> Iterator[Violation]:
    for sentence in record.audit:
        yield Violation("the audit is content", None, sentence)


def _broken_processes(record: TrialRecord) -> Iterator[Violation]:
    for event in record.events:
        if event.what == "failed":
            trace = str(event.details["trace"])[-1500:]
            yield Violation("nothing breaks", None, f"{event.who}:\n{trace}")
        elif event.what == "left by itself":
            yield Violation("nothing breaks", None, f"{event.who} left by itself")
