import fcntl
import logging
import os
import subprocess
import tempfile
import time
from argparse import REMAINDER, ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from assignments import processes
from assignments.host_watch import HostWatch
from assignments.models import HostPart, Lead, User
from assignments.services.operations import demo
from assignments.services.operations.serve_lock import serving_mark
from assignments.supervisor import Supervisor

LOOPBACK = "127.0.0.1"
START_TIME = 60  # seconds in which a part must answer
# Nobody has used the new sandbox's minute yet, so it may be used up in a few seconds.
FIRST_READING = "50/5s"
# So that the pages show both: late answers, and some from before Handoff.
CONNECTED_FOR = timedelta(days=14)
LOGIN_PAGE = "/accounts/login/"


class Command(BaseCommand):
    help = (
        "Run everything: on the sandbox, or on Smartlead if SMARTLEAD_API_KEY is set. "
        "With a command behind it (demo doctor), run that where the demo runs."
    )

    # The checks would open, and so create, the database before it is looked at.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or LOOPBACK)
        # Text, so that argparse also looks whether it is a number.
        port = os.environ.get("PORT") or "8000"
        parser.add_argument("--port", type=int, default=port)
        parser.add_argument("command", nargs=REMAINDER)

    def handle(
        self, *args: Any, host: str, port: int, command: list[str], **options: Any
    ) -> None:
        # What its own tasks say is for the log, not for whoever looks at the screen.
        logging.getLogger("django-q").setLevel(logging.WARNING)
        self.folder = settings.BASE_DIR / "var"
        self.log = self.folder / "demo.log"
        self.on_sandbox = demo.on_demo_database()
        if command:
            self._run_there(command)
        with self._alone():
            self._prepare_database()
            with (
                serving_mark(),
                Supervisor(say=self._say, on_listen=self._watch_host) as supervisor,
            ):
                with _while_no_other_starts():
                    self._choose_ports(host, port)
                    self._start(supervisor)
                supervisor.watch()

    def _run_there(self, command: list[str]) -> None:
        environment = dict(os.environ)
        if self.on_sandbox:
            call_command("migrate", interactive=False, verbosity=0)
            environment["SMARTLEAD_BASE_URL"] = _sandbox_url(demo.sandbox_port())
        words = processes.manage_command(*command)
        os.execve(words[0], words, environment)  # noqa: S606

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the folder and empty the log; raise CommandError if another
        demo has the lock.
        """
        with (self.folder / "demo.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(
                    "Handoff already runs from this folder. Stop it first."
                ) from None
            self.log.write_bytes(b"")
            yield

    def _prepare_database(self) -> None:
        if self.on_sandbox:
            self._start_over_if_halved()
        call_command("migrate", interactive=False, verbosity=0)
        if not processes.are_static_files_fresh():
            call_command("collectstatic", interactive=False, verbosity=0)

    def _start_over_if_halved(self) -> None:
        """Rename the demo's database or the sandbox to *.old if the other is missing:
        they belong together.

        Says so, and deletes the side files of the renamed one. Else nothing.
        """
        files = [self.folder / "demo.sqlite3", self.folder / "sandbox.sqlite3"]
        there = [path for path in files if path.exists()]
        if len(there) != 1:
            return
        kept = there[0].with_suffix(".old")
        for path in self.folder.glob(f"{there[0].name}-*"):
            path.unlink()
        there[0].rename(kept)
        self._say(f"{there[0].name} had lost its other half; kept as {kept.name}.")

    def _choose_ports(self, host: str, port: int) -> None:
        self.host = host
        self.port = self._free_port(host, port)
        self.environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "SITE_URL": f"http://localhost:{self.port}",
        }
        if not self.on_sandbox:
            self.environment["SITE_URL"] = os.environ.get(
                "SITE_URL", self.environment["SITE_URL"]
            )
        self.watch = HostWatch(
            tuple(HostPart.Part),
            host=host,
            port=self.port,
            site_url=self.environment["SITE_URL"],
        )
        if not self.on_sandbox:
            return
        self.sandbox_port = self._free_port(LOOPBACK, demo.sandbox_port())
        self.environment["SMARTLEAD_BASE_URL"] = _sandbox_url(self.sandbox_port)
        demo.follow_sandbox(self.environment["SMARTLEAD_BASE_URL"])
        if host not in {LOOPBACK, "localhost", "::1"}:
            self.environment["ALLOWED_HOSTS"] = "*"

    def _watch_host(self) -> None:
        self.watch()

    def _free_port(self, host: str, wanted: int) -> int:
        port = processes.find_free_port(host, wanted)
        if port != wanted:
            self._say(f"Port {wanted} is in use, so it is {port}.")
        return port

    def _start(self, supervisor: Supervisor) -> None:
        ours: dict[str, Any] = {"environment": self.environment, "log": self.log}
        if self.on_sandbox:
            state = self.folder / "sandbox.sqlite3"
            port = self.sandbox_port
            site = f"http://{LOOPBACK}:{self.port}"
            supervisor.start(
                processes.sandbox_process(port=port, state=state, site=site, **ours)
            )
            # Only our own sandbox takes our key.
            key = f"api_key={settings.SMARTLEAD_API_KEY}"
            probe = f"/api/v1/leads/fetch-categories?{key}"
            self._wait(supervisor, LOOPBACK, port, probe)
            demo.count_answers_from(timezone.now() - CONNECTED_FOR)
            self._sync()
            demo.create_people()
        processes.wake_worker()
        supervisor.start(processes.worker_process(**ours))
        supervisor.start(processes.web_process(host=self.host, port=self.port, **ours))
        self._wait(supervisor, self.host, self.port, LOGIN_PAGE)
        self._greet()

    def _wait(self, supervisor: Supervisor, host: str, port: int, path: str) -> None:
        site = self.environment["SITE_URL"]
        give_up_at = time.monotonic() + START_TIME

        def is_there() -> bool:
            return processes.is_serving(host=host, port=port, site_url=site, path=path)

        supervisor.watch(until=lambda: is_there() or time.monotonic() > give_up_at)
        if not is_there():
            raise CommandError(f"Port {port} does not answer.\n{self._last_words()}")

    def _sync(self) -> None:
        """Read the sandbox's inbox once, if no lead is stored, so that the first page
        shows leads.

        Raises CommandError with the end of the log if `manage.py sync` fails.
        """
        if Lead.objects.exists():
            return
        self._say("Reading the sandbox's inbox …")
        environment = self.environment | {"SMARTLEAD_RATE_LIMITS": FIRST_READING}
        with self.log.open("ab") as log:
            code = subprocess.call(
                processes.manage_command("sync"),
                env=environment,
                stdout=log,
                stderr=log,
            )
        if code:
            raise CommandError(f"The inbox cannot be read.\n{self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join([*lines[-20:], "(from var/demo.log)"])

    def _greet(self) -> None:
        self._say(f"\nHandoff is running: {self.environment['SITE_URL']}/")
        if self.on_sandbox:
            self._say("It works on a sandbox, not on Smartlead. Sign in as one of:")
            for login in demo.LOGINS:
                self._say(f"  {login.username:<6} {demo.PASSWORD}  ({login.role})")
        else:
            self._say(f"It works on Smartlead at {settings.SMARTLEAD_BASE_URL},")
            self._say(f"with the database {connection.settings_dict['NAME']}.")
            if not User.objects.exists():
                self._say(
                    "Nobody can sign in yet. In another window, create the first "
                    "sales manager: .venv/bin/python manage.py setup"
                )
        self._say("Stop it with Ctrl-C. What it does is written to var/demo.log.")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


@contextmanager
def _while_no_other_starts() -> Iterator[None]:
    """Hold a lock that all demos of this user share, waiting for it first.

    It keeps demos of other folders from taking the port that was free a moment ago.
    """
    path = Path(tempfile.gettempdir()) / f"handoff-demo-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sandbox_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/api/v1"
