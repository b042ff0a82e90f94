from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assignments import database_clock
from assignments.services import account as accounts
from assignments.services.operations import doctor
from assignments.services.operations.server_checks import site
from assignments.smartlead.client import connect

MARKS = {
    doctor.FindingState.FINE: "ok  ",
    doctor.FindingState.NOTE: "note",
    doctor.FindingState.PROBLEM: "BAD ",
}


class Command(BaseCommand):
    help = "Say whether all is well, and what to do where it is not."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--online",
            action="store_true",
            help="also make one call to Smartlead, and open SITE_URL",
        )
        parser.add_argument(
            "--rebind",
            action="store_true",
            help="tie this database to the account of the settings; pauses all writes",
        )

    def handle(self, *args: Any, online: bool, rebind: bool, **options: Any) -> None:
        if rebind:
            self._rebind()
        problems = 0
        for finding in _findings(online=online):
            problems += finding.is_problem
            self._print(finding)
        if problems:
            raise CommandError(f"{problems} to see to.", returncode=1)

    def _rebind(self) -> None:
        accounts.rebind(database_clock.now())
        self.stdout.write(
            "This database now belongs to the account of the settings. All writes are "
            "paused until a sales manager resumes them under /system/."
        )

    def _print(self, finding: doctor.Finding) -> None:
        style = {
            doctor.FindingState.FINE: self.style.SUCCESS,
            doctor.FindingState.NOTE: self.style.WARNING,
            doctor.FindingState.PROBLEM: self.style.ERROR,
        }[finding.state]
        mark = style(MARKS[finding.state])
        line = f"{finding.sentence} {finding.remedy}".strip()
        self.stdout.write(f"{mark} {finding.subject:<10} {line}")


def _findings(*, online: bool) -> Iterator[doctor.Finding]:
    yield from doctor.examine_installation(at=database_clock.now())
    if online:
        with connect() as client:
            yield from doctor.online(client=client)
        yield site()
