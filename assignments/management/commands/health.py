from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assignments import processes
from assignments.host_watch import PROBE

LOOPBACK = "127.0.0.1"


class Command(BaseCommand):
    help = (
        "Say whether web and worker of this host work, or one of them; exit code 1 if "
        "not. For the health check of a container: while the database does not answer, "
        "nothing is said against the worker."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--web", action="store_true", help="only the web part")
        parser.add_argument("--worker", action="store_true", help="only the worker")

    def handle(
        self, *args: Any, port: int, web: bool, worker: bool, **options: Any
    ) -> None:
        both = web == worker
        if (both or web) and not processes.is_serving(
            host=LOOPBACK, port=port, site_url=settings.SITE_URL, path=PROBE
        ):
            raise CommandError(f"The web part does not answer on port {port}.")
        if both or worker:
            quiet_for = processes.seconds_since_worker_heartbeat()
            if quiet_for > settings.HEARTBEAT_STALE:
                raise CommandError("The worker gives no sign of life.")
        self.stdout.write("healthy")
