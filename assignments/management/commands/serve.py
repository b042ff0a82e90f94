import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from assignments import processes
from assignments.host_watch import HostWatch
from assignments.models import HostPart
from assignments.services.operations import doctor
from assignments.services.operations.serve_lock import serving_mark
from assignments.supervisor import Supervisor

LOOK_EVERY = 1.0  # seconds between two looks for a database that does not answer
SAY_EVERY = 10.0
WEB, WORKER = HostPart.Part.WEB, HostPart.Part.WORKER


class Command(BaseCommand):
    help = (
        "Run web and worker, or one of them, and keep them running. Put a proxy with TLS "
        "before the web."
    )
    # They open the database, which need not be there yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--web-workers", type=int, default=2, metavar="N")
        parser.add_argument("--web", action="store_true", help="only the web part")
        parser.add_argument("--worker", action="store_true", help="only the worker")

    def handle(self, *args: Any, web: bool, worker: bool, **options: Any) -> None:
        parts = [WEB, WORKER] if web == worker else [WEB if web else WORKER]
        self._wait_for_database()
        if len(parts) == 1 and connection.vendor == "sqlite":
            raise CommandError(
                "Web and worker apart need PostgreSQL (DATABASE_URL); SQLite serves one "
                "machine. Run: manage.py serve"
            )
        self._serve(parts, **options)

    def _serve(
        self,
        parts: list[HostPart.Part],
        *,
        host: str,
        port: int,
        web_workers: int,
        **options: Any,
    ) -> None:
        self._look_for_problems(host, port if WEB in parts else None)
        watch = HostWatch(parts, host=host, port=port, site_url=settings.SITE_URL)
        # A task may work for as long as its seat lasts, and end a call after that.
        patience = settings.SEAT_TIME + settings.CALL_DEADLINE
        with (
            serving_mark(parts),
            Supervisor(say=self._say, patience=patience, on_listen=watch) as supervisor,
        ):
            if WORKER in parts:
                processes.wake_worker()
                supervisor.start(processes.worker_process())
            if WEB in parts:
                supervisor.start(
                    processes.web_process(host=host, port=port, workers=web_workers)
                )
                self._say(f"Serving {settings.SITE_URL} on {host}, port {port}.")
            else:
                self._say(f"Working on {settings.HOST_NAME}, without web.")
            supervisor.watch()

    def _wait_for_database(self) -> None:
        say_at = 0.0
        try:
            while sentence := doctor.why_unreachable():
                if time.monotonic() >= say_at:
                    self._say(f"{sentence} Waiting; is DATABASE_URL right?")
                    say_at = time.monotonic() + SAY_EVERY
                connection.close()
                time.sleep(LOOK_EVERY)
        except KeyboardInterrupt:
            raise SystemExit(0) from None
        if say_at:
            self._say("The database answers now.")

    def _look_for_problems(self, host: str, port: int | None) -> None:
        """Raise CommandError if the installation cannot be served, or the port of the
        web part, if there is one, is taken.
        """
        self.check()
        for finding in doctor.before_serving(has_web=port is not None):
            if finding.is_problem:
                raise CommandError(f"{finding.sentence} {finding.remedy}")
        if port is not None and processes.find_free_port(host, port) != port:
            raise CommandError(f"Something else listens on {host}, port {port}.")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
