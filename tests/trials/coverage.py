"""A coverage begins and ends while workers are killed: `python -m tests.trials.coverage`.

Judged by what Smartlead saw and how it ended: every lead where it belongs, and each note
once. Where notes cannot be read back, at most once, and what is missing is shown.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.trials.databases import Databases
from tests.trials.kill import databases, say
from tests.trials.outside_changes import get, post
from tests.trials.sandbox_conditions import LATE, Weather, forecast
from tests.trials.trial import SCALE, Stage, sandbox

START, RETURN = "Covered by", "is back."
FEW_STRIKES = 3  # in each half


@dataclass(slots=True)
class Outcome:
    """What is wrong in the end, and what was seen on the way."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class CoverageStage(Stage):
    roles = {
        "worker-1": {"role": "dispatch_worker", "is_seated": False},
        "worker-2": {"role": "dispatch_worker", "is_seated": False},
        "worker-3": {"role": "dispatch_worker", "is_seated": True},
        "worker-clock": {"role": "ticker", "every": 0.3},
        "mirror": {"role": "sync_worker"},
    }
    # Shorter than anybody waits before settling: what is late cannot be told apart here.
    longest_stop = 2.0
    settled_within = 400.0

    def cover(self, weather: Weather, *, leads: int, seconds: float) -> Outcome:
        away, *covering = self._members()
        self._give_all_to(away, leads)
        members = [away, *covering]
        self.clerk("open", members=members, unknown_every=10**6, pages=leads // 20 + 2)
        post(self.sandbox, "faults", faults=weather.faults)
        self.clerk("cover", away=away, covering=covering[:2])
        for who in self.roles:
            self.enter(who)
        self.killer.begin_striking()
        left = self._work_until(away, most=self.rng.uniform(0.0, 0.5), within=seconds)
        self.clerk("give back")
        self._work_until(away, least=1 - left / 2, within=seconds)
        self.killer.end_striking()
        post(self.sandbox, "faults", clear=True)
        self.await_hung_calls()
        books = self._last_books()
        return judge(
            books=books,
            journal=get(self.sandbox, "journal"),
            owners=get(self.sandbox, "state")["owners"],
            away=away,
            # The documented rows do not name the person whose notes could be read.
            is_readable=weather.notes == "readable" and weather.shape == "flat",
            strikes=self.killer.strikes,
        )

    def _work_until(
        self, away: int, *, within: float, most: float = 1.0, least: float = 0.0
    ) -> float:
        """Until so small, or so large, a part of the leads is with whoever is away.

        And somebody was struck. Returns the part in the end, or when the time was up.
        """
        give_up_at, before = time.monotonic() + within, self.killer.strikes.total()
        while True:
            self.killer.work(seconds=1)
            owners = list(get(self.sandbox, "state")["owners"].values())
            part = owners.count(away) / len(owners)
            is_struck = self.killer.strikes.total() >= before + FEW_STRIKES
            if time.monotonic() > give_up_at or (is_struck and least <= part <= most):
                return part

    def _members(self) -> list[int]:
        return sorted(one["id"] for one in get(self.sandbox, "state")["members"])

    def _give_all_to(self, away: int, leads: int) -> None:
        for map_id in sorted(get(self.sandbox, "state")["owners"])[:leads]:
            post(self.sandbox, "outside", map_id=int(map_id), member_id=away)

    def _last_books(self) -> dict[str, Any]:
        """The clock goes on ticking until the books are closed."""
        self.killer.retire("mirror")
        path = self.folder / "books.json"
        self.clerk("close", within=self.settled_within, path=str(path))
        for who in self.roles:
            self.killer.retire(who)
        found: dict[str, Any] = json.loads(path.read_text())
        return found


def hold(
    databases: Databases,
    *,
    seed: int,
    leads: int,
    seconds: float,
    scale: float = SCALE,
) -> Outcome:
    rng = Random(seed)
    weather = forecast(rng)
    in_time = [fault for fault in weather.faults if fault["seconds"] != LATE]
    weather = replace(weather, faults=in_time)
    url = databases.fresh(f"coverage_{seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox(seed, weather, leads=leads) as address,
        ):
            stage = CoverageStage(Path(folder), url, address, rng, scale=scale)
            with stage.opened():
                return stage.cover(weather, leads=leads, seconds=seconds)
    finally:
        databases.drop(url)


def judge(
    *,
    books: dict[str, Any],
    journal: list[dict[str, Any]],
    owners: dict[str, int | None],
    away: int,
    is_readable: bool,
    strikes: Counter[str],
) -> Outcome:
    outcome = Outcome()
    applied = [entry for entry in journal if entry["applied_seq"] is not None]
    ours = [entry for entry in applied if entry["source"] == "api"]
    written = Counter(e["map_id"] for e in ours if e["kind"] == "owner")
    notes = [entry for entry in ours if entry["kind"] == "note"]
    taken = {hold["lead_id"] for hold in books["holds"] if hold["taken_at"]}
    _judge_leads(outcome, owners, away, books)
    for lead in map(int, owners):
        texts = [e["note"] for e in notes if e["map_id"] == lead]
        planned = [note for note in books["notes"] if note["lead_id"] == lead]
        wanted = int(lead in taken)
        _judge_notes(outcome, texts, planned, lead, wanted, is_readable=is_readable)
    outcome.wrong += books["audit"]
    outcome.counts = Counter(
        leads=len(owners),
        taken=len(taken),
        writes=written.total(),
        notes=len(notes),
        unconfirmed=sum(note["state"] == "unconfirmed" for note in books["notes"]),
        strikes=strikes.total(),
    )
    return outcome


def _judge_leads(
    outcome: Outcome, owners: dict[str, int | None], away: int, books: dict[str, Any]
) -> None:
    for lead, owner in owners.items():
        if owner != away:
            outcome.wrong.append(f"lead {lead} is with {owner}, not with {away}")
    for hold in books["holds"]:
        if hold["state"] != "ended" or hold["outcome"] not in {"returned", "not_taken"}:
            outcome.wrong.append(
                f"hold {hold['id']}: {hold['state']} {hold['outcome']}"
            )
    for coverage in books["coverages"]:
        if coverage["state"] != "completed":
            outcome.wrong.append(f"the coverage is {coverage['state']}")


def _judge_notes(
    outcome: Outcome,
    texts: list[str],
    planned: list[dict[str, Any]],
    lead: int,
    wanted: int,
    *,
    is_readable: bool,
) -> None:
    """A note of which nobody can tell whether it arrived may be missing, if it says so."""
    for mark in (START, RETURN):
        count = sum(mark in text for text in texts)
        states = [note["state"] for note in planned if mark in note["text"]]
        unconfirmed = 0 if is_readable else states.count("unconfirmed")
        if not wanted - unconfirmed <= count <= wanted:
            outcome.wrong.append(f"lead {lead}: {count} times “{mark}”, not {wanted}")


def main() -> int:
    wishes = _parser().parse_args()
    broken = 0
    with databases(wishes.database) as source:
        for seed in range(wishes.seed, wishes.seed + wishes.runs):
            began = time.monotonic()
            outcome = hold(
                source,
                seed=seed,
                leads=wishes.leads,
                seconds=wishes.seconds,
                scale=wishes.scale,
            )
            took = time.monotonic() - began
            counts = ", ".join(f"{n} {name}" for name, n in outcome.counts.items())
            word = "BROKEN" if outcome.wrong else "clean"
            say(f"seed {seed}: {word}; {counts}, {took:.0f} s")
            say("\n".join(outcome.wrong[:20]))
            broken += bool(outcome.wrong)
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--leads", type=int, default=200)
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="of each half, at the most"
    )
    parser.add_argument(
        "--scale", type=float, default=SCALE, help="of all times; larger when busy"
    )
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    return parser


if __name__ == "__main__":
    sys.exit(main())
