from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assignments.services import account
from assignments.services.operations import invariants, reconcile
from assignments.tasks import open_client


class Command(BaseCommand):
    help = "Check that what must never break has held, in this database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--smartlead",
            action="store_true",
            help="also compare every lead's owner with Smartlead; writes nothing",
        )

    def handle(self, *args: Any, smartlead: bool, **options: Any) -> None:
        broken = 0
        for finding in _findings(smartlead=smartlead):
            broken += not finding.is_kept
            mark = self.style.SUCCESS("ok  ") if finding.is_kept else _bad(self)
            self.stdout.write(f"{mark} {finding}")
        if broken:
            raise CommandError(f"{broken} broken.", returncode=1)


def _findings(*, smartlead: bool) -> Iterator[invariants.InvariantCheck]:
    yield from invariants.check_invariants(at=timezone.now())
    if not smartlead:
        return
    if problem := account.binding_problem(account.current_account()):
        raise CommandError(problem)
    with open_client() as (client, _):
        yield reconcile.compare_owners(client)


def _bad(command: Command) -> str:
    return command.style.ERROR("BAD ")
