"""A batch is written and sent while the processes that do it are killed.

    python -m tests.trials.batch --runs 50 --database postgres

The rules of the kill trial hold, and each lead must have one row of the batch.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tests.trials.databases import TrialDatabases
from tests.trials.kill import run_trials
from tests.trials.rule_checks import RuleReport, Violation
from tests.trials.rule_checks import check_rules as check_sending
from tests.trials.sandbox_conditions import SandboxConditions, random_conditions
from tests.trials.sandbox_control import get, post
from tests.trials.trial import Trial, sandbox_process
from tests.trials.trial_record import TrialRecord

LEADS = 40


class BatchTrial(Trial):
    roles: dict[str, dict[str, Any]] = {
        "worker-1": {"role": "dispatch_worker", "is_seated": False},
        "worker-2": {"role": "dispatch_worker", "is_seated": True},
        "worker-writer": {"role": "batch_writer"},
        "mirror": {"role": "sync_worker"},
    }
    settled_within = 200.0

    def assign_all(
        self, conditions: SandboxConditions, *, seconds: float
    ) -> TrialRecord:
        state = get(self.sandbox, "state")
        members = sorted(member["id"] for member in state["members"])
        pages = LEADS // 20 + 1
        self.run_step("set_up", members=members, unknown_every=10**6, pages=pages)
        post(self.sandbox, "faults", faults=conditions.faults)
        self.run_step("assign_all", to=members[0], note="{lead} is with {owner} now.")
        for who in self.roles:
            self.start_process(who)
        self.killer.start_striking()
        self.killer.serve(seconds=seconds)
        self.killer.stop_striking()
        post(self.sandbox, "faults", clear=True)
        self.wait_for_hung_calls()
        return self.collect_record(conditions)


def run_trial(databases: TrialDatabases, *, seed: int, seconds: float) -> TrialRecord:
    rng = Random(seed)
    conditions, url = random_conditions(rng), databases.fresh(f"batch_{seed}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox_process(seed, conditions, leads=LEADS) as address,
        ):
            trial = BatchTrial(Path(folder), url, address, rng)
            with trial.running_fork_server():
                return trial.assign_all(conditions, seconds=seconds)
    finally:
        databases.drop(url)


def check_batch(record: TrialRecord) -> RuleReport:
    report = check_sending(record)
    rows = Counter(row.lead for row in record.rows if row.cause == "bulk")
    planned = _planned_leads(record)
    for lead in record.leads:
        # What the mirror has found since is in no plan.
        if (count := rows[lead.pk]) != (lead.pk in planned):
            sentence = f"it has {count} rows of the batch"
            report.violations.append(Violation("each lead once", lead.pk, sentence))
    return report


def _planned_leads(record: TrialRecord) -> set[int]:
    """Return the leads that were mirrored when all were assigned."""
    (leads,) = (
        event.details["leads"]
        for event in record.events
        if event.what == "mirrored" and event.who.startswith("assign_all/")
    )
    return set(leads)


if __name__ == "__main__":
    sys.exit(run_trials(run_trial, check_batch, __doc__))
