from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assignments.services.operations import doctor
from assignments.services.operations.backup import back_up, default_file
from assignments.services.operations.backup_file import BackupRefused


class Command(BaseCommand):
    help = "Write a backup of the database into one file, also while Handoff runs."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, help="default: a new file in var/backups"
        )

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        if sentence := doctor.why_unreachable():
            raise CommandError(sentence)
        at = timezone.now()
        path = file or default_file(at)
        try:
            back_up(path.absolute(), at=at)
        except BackupRefused as refusal:
            raise CommandError(str(refusal)) from None
        size = path.stat().st_size / 1024**2
        self.stdout.write(f"The backup is {path} ({size:.1f} MB).")
