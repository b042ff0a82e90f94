"""Two hosts work on one PostgreSQL; one is killed: `python -m tests.trials.two_hosts`.

Each host is a working copy of its own with web and worker, as `serve` runs them; the
clock of the second one is 20 s ahead. Many leads are assigned at once; in the middle
every process of the first host is killed. Prints figures; exit code 1 if a rule was
broken. It needs a PostgreSQL: put bin/with-postgres before the command.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.trials.databases import PostgresDatabases, process_environment
from tests.trials.host_processes import Host, hosts_of_trial
from tests.trials.rule_checks import check_rules
from tests.trials.sandbox_conditions import SandboxConditions
from tests.trials.sandbox_control import get
from tests.trials.trial import sandbox_process
from tests.trials.trial_record import TrialRecord

SMOOTH = SandboxConditions(
    shape="flat", errors="joi", notes="readable", assigned_me="override", faults=[]
)
TAKEN_OVER_WITHIN = 60.0  # seconds
ENDS_WITHIN = 900.0  # on a busy machine
READS_AND_WRITES = "20/4s"  # slow enough that the kill comes in the middle


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    killed_at: float
    held: list[int]  # leads that the dead host was just sending
    record: TrialRecord
    journal: list[dict[str, Any]]
    web_answers: bool

    @property
    def writes(self) -> list[float]:
        """Return when our writes took effect, in seconds since 1970."""
        return sorted(change.at for change in self.record.changes if change.is_ours)

    @property
    def longest_pause(self) -> float:
        """Return the longest time without a write from the kill to the last write.

        Left out are leads that the dead host was just sending: these wait for QUIET
        seconds, until no write can land late any more.
        """
        held = set(self.held)
        free = [c.at for c in self.record.changes if c.map_id not in held]
        moments = [self.killed_at, *(at for at in sorted(free) if at > self.killed_at)]
        return max((b - a for a, b in pairwise(moments)), default=0)

    @property
    def doubled(self) -> list[int]:
        counts = Counter(c.map_id for c in self.record.changes if c.is_ours)
        return [lead for lead, count in counts.items() if count > 1]

    @property
    def lost(self) -> list[int]:
        """Return the leads that are not where the assignment wanted them, without those
        that were skipped when it was decided.
        """
        ends = {lead.pk: lead.real_owner for lead in self.record.leads}
        rows = [row for row in self.record.rows if row.state != "skipped"]
        return [r.lead for r in rows if r.state != "done" or ends[r.lead] != r.to]

    @property
    def skipped(self) -> dict[str, int]:
        """Return how many leads were skipped for which reason."""
        return Counter(r.outcome for r in self.record.rows if r.state == "skipped")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=120)
    parser.add_argument("--ahead", type=float, default=20.0, help="seconds, of host B")
    parser.add_argument("--kill", choices=("a", "b"), default="a")
    parser.add_argument("--after", type=int, default=30, help="writes, before the kill")
    options = parser.parse_args()
    databases = PostgresDatabases(os.environ["TEST_DATABASE_URL"])
    url = databases.fresh("two_hosts")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="trial-") as folder,
            sandbox_process(1, SMOOTH, leads=options.leads) as sandbox,
        ):
            _become_manager_of(url, sandbox)
            with hosts_of_trial(Path(folder), os.environ, ahead=options.ahead) as hosts:
                outcome = run(hosts, sandbox, options)
    finally:
        databases.drop(url)
    return print_figures(outcome)


def _become_manager_of(url: str, sandbox: str) -> None:
    """Let this process work on the database of the trial, too."""
    os.environ |= process_environment(
        url,
        SMARTLEAD_BASE_URL=f"{sandbox}/api/v1",
        SMARTLEAD_RATE_LIMITS=READS_AND_WRITES,
    )
    import django

    django.setup()


def run(hosts: dict[str, Host], sandbox: str, options: argparse.Namespace) -> Outcome:
    from tests.trials import trial_steps

    members = sorted(member["id"] for member in get(sandbox, "state")["members"])
    pages = -(-options.leads // 20)
    trial_steps.set_up(members=members, unknown_every=6, pages=pages)
    for host in hosts.values():
        host.start()
    trial_steps.assign_all(to=members[0], note="")
    say(f"{len(trial_steps._lead_ids())} leads are assigned")
    while _writes(sandbox) < options.after:
        time.sleep(0.1)
    killed_at, held = time.time(), _being_sent()
    hosts.pop(options.kill).kill()
    say(f"host {options.kill} is killed while it may be sending leads {held}")
    (survivor,) = hosts.values()
    web_answers = survivor.web_answers()
    results = Path(survivor.folder / "results.json")
    trial_steps.write_results(within=ENDS_WITHIN, path=str(results))
    return Outcome(
        killed_at=killed_at,
        held=held,
        record=_record(json.loads(results.read_text()), sandbox),
        journal=get(sandbox, "journal"),
        web_answers=web_answers,
    )


def _record(results: dict[str, Any], sandbox: str) -> TrialRecord:
    return TrialRecord.collect(
        results=results,
        journal=get(sandbox, "journal"),
        state=get(sandbox, "state"),
        events=[],
        strikes=Counter(),
        notes_are_readable=True,
        people_are_named=True,
    )


def _writes(sandbox: str) -> int:
    return sum(call["kind"] == "owner" for call in get(sandbox, "journal"))


def _being_sent() -> list[int]:
    from assignments.models import Assignment

    return list(Assignment.objects.sending().values_list("lead_id", flat=True))


def print_figures(outcome: Outcome) -> int:
    report = check_rules(outcome.record)
    before = sum(at <= outcome.killed_at for at in outcome.writes)
    held = [c.at for c in outcome.record.changes if c.map_id in outcome.held]
    settled = [
        row.finished_at - outcome.killed_at
        for row in outcome.record.rows
        if row.lead in outcome.held and row.finished_at
    ]
    say(f"writes: {before} before the kill, {len(outcome.writes) - before} after it")
    say(f"rows: {dict(Counter(row.state for row in outcome.record.rows))}")
    say(f"skipped: {dict(outcome.skipped)}")
    say(f"leads written twice: {outcome.doubled}; lost: {outcome.lost}")
    say(f"longest time without a write after the kill: {outcome.longest_pause:.1f} s")
    say(f"leads just being sent: {len(outcome.held)}, of which written: {len(held)}; ")
    say(f"    settled after {[round(seconds, 1) for seconds in settled]} s")
    refused = sum(call.get("status") == 429 for call in outcome.journal)
    say(f"calls answered with 429: {refused}")
    say(f"the web of the other host answers: {outcome.web_answers}")
    say(f"rules broken: {[str(violation) for violation in report.violations]}")
    is_good = (
        report.is_clean
        and not outcome.doubled
        and not outcome.lost
        and outcome.web_answers
        and outcome.longest_pause < TAKEN_OVER_WITHIN
    )
    say("GOOD" if is_good else "BROKEN")
    return 0 if is_good else 1


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
