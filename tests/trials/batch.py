"""A batch is written and sent while those who do it are killed.

    python -m tests.trials.batch --runs 50 --database postgres

Judged like the kill trial, and each lead must have its one row of the batch.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tests.trials.databases import Databases
from tests.trials.kill import run_trials
from tests.trials.outside_changes import get, post
from tests.trials.rule_checks import Verdict, Violation
from tests.trials.rule_checks import judge as judge_sending
from tests.trials.sandbox_conditions import Weather, forecast
from tests.trials.trial import Stage, sandbox
from tests.trials.trial_record import Evidence

LEADS = 40
HAND_OVER = "clerk, hand over/"


class BatchStage(Stage):
    roles: dict[str, dict[str, Any]] = {
        "worker-1": {"role": "dispatch_worker", "is_seated": False},
        "worker-2": {"role": "dispatch_worker", "is_seated": True},
        "worker-scribe": {"role": "batch_writer"},
        "mirror": {"role": "sync_worker"},
    }
    settled_within = 200.0

    def hand_over(self, weather: Weather, *, seconds: float) -> Evidence:
        state = get(self.sandbox, "state")
        members = sorted(member["id"] for member in state["members"])
        self.clerk("open", members=members, unknown_every=10**6, pages=LEADS // 20 + 1)
        post(self.sandbox, "faults", faults=weather.faults)
        self.clerk("hand over", to=members[0], note="{lead} is with {owner} now.")
        for who in self.roles:
            self.enter(who)
        self.killer.begin_striking()
        self.killer.work(seconds=seconds)
        self.killer.end_striking()
        post(self.sandbox, "faults", clear=True)
        self.await_hung_calls()
        return self.close_books(weather)


def hold(databases: Databases, *, seed: int, seconds: float) -> Evidence:
    rng = Random(seed)
    weather, url = forecast(rng), databases.fresh(f"batch_{seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox(seed, weather, leads=LEADS) as address,
        ):
            stage = BatchStage(Path(folder), url, address, rng)
            with stage.opened():
                return stage.hand_over(weather, seconds=seconds)
    finally:
        databases.drop(url)


def judge(evidence: Evidence) -> Verdict:
    verdict = judge_sending(evidence)
    rows = Counter(row.lead for row in evidence.rows if row.cause == "bulk")
    planned = _planned(evidence)
    for lead in evidence.leads:
        # What the mirror has found since is in no plan.
        if (count := rows[lead.pk]) != (lead.pk in planned):
            sentence = f"it has {count} rows of the batch"
            verdict.violations.append(Violation("each lead once", lead.pk, sentence))
    return verdict


def _planned(evidence: Evidence) -> set[int]:
    """The leads that were known when everything was handed over."""
    (leads,) = (
        said.details["leads"]
        for said in evidence.diary
        if said.what == "mirrored" and said.who.startswith(HAND_OVER)
    )
    return set(leads)


if __name__ == "__main__":
    sys.exit(run_trials(hold, judge, __doc__))
