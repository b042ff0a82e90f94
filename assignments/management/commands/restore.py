from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assignments.services.operations.backup import restore
from assignments.services.operations.backup_file import BackupRefused


class Command(BaseCommand):
    help = "Put a file of manage.py backup in place of the database; pauses all writes."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--yes", action="store_true", help="replace the database that is there"
        )

    def handle(self, *args: Any, file: Path, yes: bool, **options: Any) -> None:
        try:
            news = restore(file.absolute(), may_replace=yes, at=timezone.now())
        except BackupRefused as refusal:
            raise CommandError(str(refusal)) from None
        for sentence in news:
            self.stdout.write(sentence)
