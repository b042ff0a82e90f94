"""The processes of one host of a trial: a working copy, its clock, and `serve` in it."""

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.deploy.container_files import ROOT, files_in_image
from tests.deploy.served import free_port

STOP_TIME = 90  # seconds
# Every process of the host reads these settings first.
SETTINGS = """
import os
import time
from datetime import timedelta

from django.utils import timezone

AHEAD = float(os.environ["CLOCK_AHEAD"])
_time, _now = time.time, timezone.now
time.time = lambda: _time() + AHEAD
timezone.now = lambda: _now() + timedelta(seconds=AHEAD)

from dashboard.settings import *

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
"""


class Host:
    """A host; its log is in `folder`."""

    def __init__(
        self, name: str, folder: Path, environ: Mapping[str, str], *, ahead: float
    ) -> None:
        self.name = name
        self.folder = folder
        self.port = free_port()
        self._environ = {
            **environ,
            "HOST_NAME": f"host-{name}",
            "CLOCK_AHEAD": str(ahead),
            "DJANGO_SETTINGS_MODULE": "host_settings",
        }
        for file in files_in_image():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
        (folder / "var").mkdir()
        (folder / "host_settings.py").write_text(SETTINGS)

    def start(self) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill every process of the host, as when its power fails."""
        supervisor = psutil.Process(self._process.pid)
        supervisor.suspend()  # so that it starts nothing anew
        for process in [*supervisor.children(recursive=True), supervisor]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask the host to stop, if it runs, and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_TIME)
        except subprocess.TimeoutExpired:
            self.kill()

    def web_answers(self) -> bool:
        address = f"http://127.0.0.1:{self.port}/healthz"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bool(answer.status == 200)


@contextmanager
def hosts_of_trial(
    folder: Path, environ: Mapping[str, str], *, ahead: float
) -> Iterator[dict[str, Host]]:
    """Yield host a, and host b whose clock is `ahead` seconds ahead; none is started.

    Both are stopped at the end, and the ends of their logs printed after an error.
    """
    environ = {**environ, "PYTHONPATH": "", "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
    hosts = {
        name: Host(name, folder / name, environ, ahead=seconds)
        for name, seconds in (("a", 0.0), ("b", ahead))
    }
    mine = list(hosts.values())
    try:
        yield hosts
    except BaseException:
        for host in mine:
            log = host.folder / "log"
            text = log.read_text()[-3000:] if log.exists() else ""
            os.write(2, f"── {host.name}\n{text}\n".encode())
        raise
    finally:
        for host in mine:
            if hasattr(host, "_process"):
                host.stop()
