from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assignments import parts
from assignments.services import doctor
from assignments.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run web and worker, and keep them running. Put a proxy with TLS before it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--web-workers", type=int, default=2, metavar="N")

    def handle(
        self, *args: Any, host: str, port: int, web_workers: int, **options: Any
    ) -> None:
        for finding in doctor.before_serving():
            if finding.is_problem:
                raise CommandError(f"{finding.sentence} {finding.remedy}")
        if parts.free_port(host, port) != port:
            raise CommandError(f"Something else listens on {host}, port {port}.")
        parts.wake_worker()
        # A task may work for as long as its seat lasts, and end a call after that.
        patience = settings.SEAT_TIME + settings.CALL_DEADLINE
        with Supervisor(say=self._say, patience=patience) as supervisor:
            supervisor.start(parts.worker())
            supervisor.start(parts.web(host=host, port=port, workers=web_workers))
            self._say(f"Serving {settings.SITE_URL} on {host}, port {port}.")
            supervisor.watch()

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
