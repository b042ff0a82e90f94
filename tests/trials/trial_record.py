"""What a trial left: the sandbox's journal and end, the ledger, the killer's diary."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.trials.process_killer import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a lead's owner that took effect in Smartlead.

    `sent_at`: when our worker let the call go; for somebody else's change its moment.
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
class Row:
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
class LeadEnd:
    """A lead in our mirror, and its owner in Smartlead, when all was over."""

    pk: int
    owner: int | None
    real_owner: int | None
    waits_for_recheck: bool = False


@dataclass(frozen=True, kw_only=True)
class Evidence:
    changes: list[Change]
    rows: list[Row]
    notes: list[NoteRow]
    note_calls: list[NoteCall]
    leads: list[LeadEnd]
    fresh_click: float
    fresh: float
    quiet: float
    scale: float
    notes_are_readable: bool = True
    # The documented rows do not carry the id under which notes are asked for.
    people_are_named: bool = True
    is_paused: bool = False
    audit: list[str] = field(default_factory=list)
    diary: list[Said] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)

    def changes_of(self, lead: int) -> list[Change]:
        return [change for change in self.changes if change.map_id == lead]

    def rows_of(self, lead: int) -> list[Row]:
        return [row for row in self.rows if row.lead == lead]

    @classmethod
    def gather(
        cls,
        *,
        journal: list[dict[str, Any]],
        state: dict[str, Any],
        books: dict[str, Any],
        diary: list[Said],
        strikes: Counter[str],
        notes_are_readable: bool,
        people_are_named: bool,
    ) -> Self:
        applied = sorted(
            (entry for entry in journal if entry["applied_seq"] is not None),
            key=lambda entry: entry["applied_seq"],
        )
        sent = _Sent(diary)
        owners = {int(lead): owner for lead, owner in state["owners"].items()}
        return cls(
            changes=[_change(raw, sent) for raw in applied if raw["kind"] == "owner"],
            note_calls=[_note(raw, sent) for raw in applied if raw["kind"] == "note"],
            rows=[Row.read(raw) for raw in books["rows"]],
            notes=[_note_row(raw) for raw in books["notes"]],
            leads=[_lead_end(raw, owners) for raw in books["leads"]],
            notes_are_readable=notes_are_readable,
            people_are_named=people_are_named,
            diary=diary,
            strikes=strikes,
            **{name: books[name] for name in FROM_THE_BOOKS},
        )


FROM_THE_BOOKS = ("fresh_click", "fresh", "quiet", "scale", "is_paused", "audit")


class _Sent:
    """When the workers let their calls go, by what the calls said."""

    def __init__(self, diary: Iterable[Said]) -> None:
        self._times: dict[tuple[int, object], list[float]] = defaultdict(list)
        announced: dict[str, tuple[int, object]] = {}
        for said in diary:
            if said.what in {"calling", "note calling"}:
                what = said.details["note"] or said.details["member_id"]
                announced[said.who] = (said.details["map_id"], what)
            elif said.what == "goes on" and (key := announced.pop(said.who, None)):
                self._times[key].append(said.at)

    def before(self, arrived_at: float, map_id: int, what: object) -> float:
        times = self._times[map_id, what]
        place = bisect_right(times, arrived_at)
        return times[place - 1] if place else arrived_at


def _change(raw: dict[str, Any], sent: _Sent) -> Change:
    is_ours = raw["source"] == "api"
    sent_at = raw["applied_at"]
    if is_ours:
        sent_at = sent.before(raw["arrived_at"], raw["map_id"], raw["member_id"])
    return Change(
        map_id=raw["map_id"],
        seq=raw["applied_seq"],
        before=raw["owner_before"],
        after=raw["owner_after"],
        is_ours=is_ours,
        sent_at=sent_at,
        at=raw["applied_at"],
        fault=raw["fault"],
    )


def _note(raw: dict[str, Any], sent: _Sent) -> NoteCall:
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


def _lead_end(raw: dict[str, Any], owners: dict[int, int | None]) -> LeadEnd:
    return LeadEnd(
        pk=raw["map_id"],
        owner=raw["owner_id"],
        real_owner=owners[raw["map_id"]],
        waits_for_recheck=raw["recheck_at"] is not None,
    )
