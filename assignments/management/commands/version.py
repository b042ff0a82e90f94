from typing import Any

from django.core.management.base import BaseCommand

from assignments.version import VERSION


class Command(BaseCommand):
    help = "Print the version of this code."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Handoff {VERSION}")
