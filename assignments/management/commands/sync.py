import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assignments import database_clock
from assignments.models import TaskLease
from assignments.services import account, task_leases
from assignments.services.mirror import scheduler
from assignments.services.mirror.session import SyncReport
from assignments.task_queue import SYNC_LEASE, nudge_dispatch
from assignments.tasks import open_client

# Renewed with every page; a killed command frees its seat after this.
HOLD = timedelta(minutes=5)
LOOK_AGAIN = 1.0


class Command(BaseCommand):
    help = "Read the inbox of Smartlead: what is new, or with --full all there is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full",
            action="store_true",
            help="everything from start to end: every lead, campaign and member",
        )

    def handle(self, *args: Any, full: bool, **options: Any) -> None:
        if problem := account.binding_problem(account.current_account()):
            raise CommandError(problem)
        with self._seated() as seat:
            report = self._run(seat, full=full)
        nudge_dispatch()
        self._print(report)

    def _run(self, seat: task_leases.Lease, *, full: bool) -> SyncReport:
        def go_on(line: str) -> None:
            self.stdout.write(line)
            if not _keep(seat):
                raise CommandError("Another process has begun to read. Try again.")

        run = scheduler.run_full_sync if full else scheduler.run_head_sync
        with open_client() as (client, budget):
            return run(client=client, budget=budget, progress=go_on)

    @contextmanager
    def _seated(self) -> Iterator[task_leases.Lease]:
        """Yield the lease for reading and release it at the end, so that no worker
        reads meanwhile.

        Waits for a worker that reads, twice SEAT_TIME seconds, then raises
        CommandError.
        """
        patience = time.monotonic() + 2 * settings.SEAT_TIME
        while (seat := self._take_seat()) is None:
            if time.monotonic() > patience:
                raise CommandError("A worker keeps reading. Try again in a minute.")
            self.stdout.write("A worker is reading; waiting for its end.")
            time.sleep(LOOK_AGAIN)
        try:
            yield seat
        finally:
            task_leases.release_lease(seat)

    def _take_seat(self) -> task_leases.Lease | None:
        now = database_clock.now()
        return task_leases.acquire_lease((SYNC_LEASE,), at=now, until=now + HOLD)

    def _print(self, report: SyncReport) -> None:
        self.stdout.write(
            f"{report.rows} rows in {report.calls} calls: {report.new} new leads, "
            f"{report.changed_owners} changed owners, {report.gone} gone, "
            f"{report.unreadable} unreadable rows."
        )
        for source, sentence in report.errors.items():
            self.stderr.write(f"{source}: {sentence}")
        if report.errors:
            count = len(report.errors)
            noun = "source was" if count == 1 else "sources were"
            raise CommandError(f"{count} {noun} not read.")


def _keep(seat: task_leases.Lease) -> bool:
    """Extend the lease to HOLD from now; return False if it is no longer ours."""
    held = TaskLease.objects.filter(name=seat.name, token=seat.token)
    return bool(held.update(until=database_clock.now() + HOLD))
