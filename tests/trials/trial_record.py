"""What a trial left: the sandbox's log and end, the ledger, the events of its
processes.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.trials.process_killer import TrialEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChange:
    """A change of a lead's owner that took effect in Smartlead.

    `sent_at`: when our worker sent the call; for somebody else's change, its moment.
    """

    map_id: int
    seq: int
    before: int | None
    after: int | None
    is_ours: bool
    sent_at: float
    at: float
    fault: str | None = None

    @property
    def transit(self) -> float:
        return self.at - self.sent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentRow:
    """An assignment as the ledger has it in the end."""

    pk: int
    lead: int
    to: int | None
    expected: int | None
    cause: str
    urgency: int
    state: str
    found: int | None
    sends: int
    created_at: float
    finished_at: float | None
    after: int | None
    outcome: str
    expected_known: bool = True

    @property
    def is_click(self) -> bool:
        return self.urgency == 0

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Self:
        names = ("lead", "to", "expected", "found", "after")
        plain = (
            "cause",
            "urgency",
            "state",
            "sends",
            "created_at",
            "finished_at",
            "outcome",
        )
        return cls(
            pk=raw["id"],
            expected_known=raw["expected_known"] in {True, "True"},
            **{name: raw[f"{name}_id"] for name in names},
            **{name: raw[name] for name in plain},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    pk: int
    lead: int
    assignment: int
    reference: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCall:
    """A note that arrived in Smartlead."""

    map_id: int
    text: str
    transit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalLead:
    """A lead in our mirror, and its owner in Smartlead, at the end."""

    pk: int
    owner: int | None
    real_owner: int | None
    waits_for_recheck: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    changes: list[OwnerChange]
    rows: list[AssignmentRow]
    notes: list[NoteRow]
    note_calls: list[NoteCall]
    leads: list[FinalLead]
    fresh_click: float
    fresh: float
    quiet: float
    scale: float
    notes_are_readable: bool = True
    # The documented rows do not carry the id under which notes are asked for.
    people_are_named: bool = True
    is_paused: bool = False
    audit: list[str] = field(default_factory=list)
    events: list[TrialEvent] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)

    def changes_of(self, lead: int) -> list[OwnerChange]:
        return [change for change in self.changes if change.map_id == lead]

    def rows_of(self, lead: int) -> list[AssignmentRow]:
        return [row for row in self.rows if row.lead == lead]

    @classmethod
    def collect(
        cls,
        *,
        journal: list[dict[str, Any]],
        state: dict[str, Any],
        results: dict[str, Any],
        events: list[TrialEvent],
        strikes: Counter[str],
        notes_are_readable: bool,
        people_are_named: bool,
    ) -> Self:
        applied = sorted(
            (entry for entry in journal if entry["applied_seq"] is not None),
            key=lambda entry: entry["applied_seq"],
        )
        sent = _SendTimes(events)
        owners = {int(lead): owner for lead, owner in state["owners"].items()}
        return cls(
            changes=[
                _owner_change(raw, sent) for raw in applied if raw["kind"] == "owner"
            ],
            note_calls=[
                _note_call(raw, sent) for raw in applied if raw["kind"] == "note"
            ],
            rows=[AssignmentRow.read(raw) for raw in results["rows"]],
            notes=[_note_row(raw) for raw in results["notes"]],
            leads=[_final_lead(raw, owners) for raw in results["leads"]],
            notes_are_readable=notes_are_readable,
            people_are_named=people_are_named,
            events=events,
            strikes=strikes,
            **{name: results[name] for name in PLAIN_RESULTS},
        )


PLAIN_RESULTS = ("fresh_click", "fresh", "quiet", "scale", "is_paused", "audit")


class _SendTimes:
    """Moments at which the workers sent their calls, by content."""

    def __init__(self, events: Iterable[TrialEvent]) -> None:
        self._times: dict[tuple[int, object], list[float]] = defaultdict(list)
        announced: dict[str, tuple[int, object]] = {}
        for event in events:
            if event.what in {"calling", "note calling"}:
                what = event.details["note"] or event.details["member_id"]
                announced[event.who] = (event.details["map_id"], what)
            elif event.what == "goes on" and (key := announced.pop(event.who, None)):
                self._times[key].append(event.at)

    def before(self, arrived_at: float, map_id: int, what: object) -> float:
        times = self._times[map_id, what]
        place = bisect_right(times, arrived_at)
        return times[place - 1] if place else arrived_at


def _owner_change(raw: dict[str, Any], sent: _SendTimes) -> OwnerChange:
    is_ours = raw["source"] == "api"
    sent_at = raw["applied_at"]
    if is_ours:
        sent_at = sent.before(raw["arrived_at"], raw["map_id"], raw["member_id"])
    return OwnerChange(
        map_id=raw["map_id"],
        seq=raw["applied_seq"],
        before=raw["owner_before"],
        after=raw["owner_after"],
        is_ours=is_ours,
        sent_at=sent_at,
        at=raw["applied_at"],
        fault=raw["fault"],
    )


def _note_call(raw: dict[str, Any], sent: _SendTimes) -> NoteCall:
    sent_at = sent.before(raw["arrived_at"], raw["map_id"], raw["note"])
    return NoteCall(
        map_id=raw["map_id"], text=raw["note"], transit=raw["applied_at"] - sent_at
    )


def _note_row(raw: dict[str, Any]) -> NoteRow:
    return NoteRow(
        pk=raw["id"],
        lead=raw["lead_id"],
        assignment=raw["assignment_id"],
        reference=raw["reference"],
        state=raw["state"],
    )


def _final_lead(raw: dict[str, Any], owners: dict[int, int | None]) -> FinalLead:
    return FinalLead(
        pk=raw["map_id"],
        owner=raw["owner_id"],
        real_owner=owners[raw["map_id"]],
        waits_for_recheck=raw["recheck_at"] is not None,
    )
