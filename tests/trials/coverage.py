"""A coverage begins and ends while workers are killed: `python -m tests.trials.coverage`.

In the end every lead must be where it belongs, and each note be written once; at most
once where notes cannot be read back, and what is missing must be marked unconfirmed.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.trials.databases import TrialDatabases
from tests.trials.kill import open_databases, print_line
from tests.trials.sandbox_conditions import (
    LATE_SECONDS,
    SandboxConditions,
    random_conditions,
)
from tests.trials.sandbox_control import get, post
from tests.trials.trial import SCALE, Trial, sandbox_process

START_MARK, RETURN_MARK = "Covered by", "is back."
LEAST_STRIKES = 3  # in each half


@dataclass(slots=True)
class CoverageReport:
    """Sentences about what is wrong in the end, and counts of what happened."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class CoverageTrial(Trial):
    roles = {
        "worker-1": {"role": "dispatch_worker", "is_seated": False},
        "worker-2": {"role": "dispatch_worker", "is_seated": False},
        "worker-3": {"role": "dispatch_worker", "is_seated": True},
        "worker-ticker": {"role": "ticker", "every": 0.3},
        "mirror": {"role": "sync_worker"},
    }
    # Shorter than the wait before settling: late writes cannot be told apart here.
    longest_stop = 2.0
    settled_within = 400.0

    def cover(
        self, conditions: SandboxConditions, *, leads: int, seconds: float
    ) -> CoverageReport:
        away, *covering = self._members()
        self._give_all_to(away, leads)
        members = [away, *covering]
        pages = leads // 20 + 2
        self.run_step("set_up", members=members, unknown_every=10**6, pages=pages)
        post(self.sandbox, "faults", faults=conditions.faults)
        self.run_step("start_coverage", away=away, covering=covering[:2])
        for who in self.roles:
            self.start_process(who)
        self.killer.start_striking()
        left = self._work_until(away, most=self.rng.uniform(0.0, 0.5), within=seconds)
        self.run_step("end_coverage")
        self._work_until(away, least=1 - left / 2, within=seconds)
        self.killer.stop_striking()
        post(self.sandbox, "faults", clear=True)
        self.wait_for_hung_calls()
        # The ticker goes on: the coverage may still have to be completed.
        self.killer.retire("mirror")
        return check_coverage(
            results=self.results(),
            journal=get(self.sandbox, "journal"),
            owners=get(self.sandbox, "state")["owners"],
            away=away,
            # The documented rows do not name the person whose notes could be read.
            is_readable=conditions.notes == "readable" and conditions.shape == "flat",
            strikes=self.killer.strikes,
        )

    def _work_until(
        self, away: int, *, within: float, most: float = 1.0, least: float = 0.0
    ) -> float:
        """Run until the share of leads that `away` owns lies between `least` and `most`.

        Go on until some processes were struck as well. Return the share at the end, or
        when the time was up.
        """
        give_up_at, before = time.monotonic() + within, self.killer.strikes.total()
        while True:
            self.killer.serve(seconds=1)
            owners = list(get(self.sandbox, "state")["owners"].values())
            share = owners.count(away) / len(owners)
            is_struck = self.killer.strikes.total() >= before + LEAST_STRIKES
            if time.monotonic() > give_up_at or (is_struck and least <= share <= most):
                return share

    def _members(self) -> list[int]:
        return sorted(member["id"] for member in get(self.sandbox, "state")["members"])

    def _give_all_to(self, away: int, leads: int) -> None:
        for map_id in sorted(get(self.sandbox, "state")["owners"])[:leads]:
            post(self.sandbox, "outside", map_id=int(map_id), member_id=away)


def run_trial(
    databases: TrialDatabases,
    *,
    seed: int,
    leads: int,
    seconds: float,
    scale: float = SCALE,
) -> CoverageReport:
    rng = Random(seed)
    conditions = random_conditions(rng)
    in_time = [fault for fault in conditions.faults if fault["seconds"] != LATE_SECONDS]
    conditions = replace(conditions, faults=in_time)
    url = databases.fresh(f"coverage_{seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox_process(seed, conditions, leads=leads) as address,
        ):
            trial = CoverageTrial(Path(folder), url, address, rng, scale=scale)
            with trial.running_fork_server():
                return trial.cover(conditions, leads=leads, seconds=seconds)
    finally:
        databases.drop(url)


def check_coverage(
    *,
    results: dict[str, Any],
    journal: list[dict[str, Any]],
    owners: dict[str, int | None],
    away: int,
    is_readable: bool,
    strikes: Counter[str],
) -> CoverageReport:
    report = CoverageReport()
    applied = [entry for entry in journal if entry["applied_seq"] is not None]
    ours = [entry for entry in applied if entry["source"] == "api"]
    written = Counter(e["map_id"] for e in ours if e["kind"] == "owner")
    notes = [entry for entry in ours if entry["kind"] == "note"]
    taken = {hold["lead_id"] for hold in results["holds"] if hold["taken_at"]}
    _check_leads(report, owners, away, results)
    for lead in map(int, owners):
        texts = [e["note"] for e in notes if e["map_id"] == lead]
        planned = [note for note in results["notes"] if note["lead_id"] == lead]
        wanted = int(lead in taken)
        _check_notes(report, texts, planned, lead, wanted, is_readable=is_readable)
    report.wrong += results["audit"]
    report.counts = Counter(
        leads=len(owners),
        taken=len(taken),
        writes=written.total(),
        notes=len(notes),
        unconfirmed=sum(note["state"] == "unconfirmed" for note in results["notes"]),
        strikes=strikes.total(),
    )
    return report


def _check_leads(
    report: CoverageReport,
    owners: dict[str, int | None],
    away: int,
    results: dict[str, Any],
) -> None:
    for lead, owner in owners.items():
        if owner != away:
            report.wrong.append(f"lead {lead} is with {owner}, not with {away}")
    for hold in results["holds"]:
        if hold["state"] != "ended" or hold["outcome"] not in {"returned", "not_taken"}:
            report.wrong.append(f"hold {hold['id']}: {hold['state']} {hold['outcome']}")
    for coverage in results["coverages"]:
        if coverage["state"] != "completed":
            report.wrong.append(f"the coverage is {coverage['state']}")


def _check_notes(
    report: CoverageReport,
    texts: list[str],
    planned: list[dict[str, Any]],
    lead: int,
    wanted: int,
    *,
    is_readable: bool,
) -> None:
    """Require one note of each kind; unconfirmed ones may be missing if unreadable."""
    for mark in (START_MARK, RETURN_MARK):
        count = sum(mark in text for text in texts)
        states = [note["state"] for note in planned if mark in note["text"]]
        unconfirmed = 0 if is_readable else states.count("unconfirmed")
        if not wanted - unconfirmed <= count <= wanted:
            report.wrong.append(f"lead {lead}: {count} times “{mark}”, not {wanted}")


def main() -> int:
    options = _parser().parse_args()
    broken = 0
    with open_databases(options.database) as databases:
        for seed in range(options.seed, options.seed + options.runs):
            began = time.monotonic()
            report = run_trial(
                databases,
                seed=seed,
                leads=options.leads,
                seconds=options.seconds,
                scale=options.scale,
            )
            took = time.monotonic() - began
            counts = ", ".join(f"{n} {name}" for name, n in report.counts.items())
            word = "BROKEN" if report.wrong else "clean"
            print_line(f"seed {seed}: {word}; {counts}, {took:.0f} s")
            print_line("\n".join(report.wrong[:20]))
            broken += bool(report.wrong)
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
