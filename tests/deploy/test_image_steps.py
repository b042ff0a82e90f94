"""The scripts of the Dockerfile, run in order in a clean folder, as the image runs them.

Only the packages are not installed anew: they are those of the environment at hand. The
program runs without any right of root, in a folder that it cannot write.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.container_files import ROOT, files_in_image
from tests.deploy.served import free_port, listens, wait_until

VENV = Path(sys.prefix)
START_TIME = 120  # seconds; many tests may run at once
# What takes long and is tested elsewhere is left out: migrations, compressed files.
SETTINGS = """
from dashboard.settings import *
MIGRATION_MODULES = dict.fromkeys(app.rpartition(".")[2] for app in INSTALLED_APPS)
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("css", "js", "json", "md", "svg", "txt", "mjs")
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[Path]:
    """Return the folder of the program as the image has it, without a right to write."""
    app = tmp_path_factory.mktemp("image") / "handoff"
    for file in files_in_image():
        (app / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, app / file)
    build = [app / "bin/image-build", "files"]
    (app.parent / "quick_settings.py").write_text(SETTINGS)
    subprocess.run(build, env=environment(app), check=True, timeout=START_TIME)
    _change_rights(app, "a-w")
    (app / "var").chmod(0o700)
    yield app
    _change_rights(app, "u+w")


def _change_rights(app: Path, rights: str) -> None:
    subprocess.run(["chmod", "-R", rights, str(app)], check=True)


def environment(app: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "VENV": str(VENV),
        "APP": str(app),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SECRET_KEY": "only-for-tests-" + "abcdefghij" * 5,
        "SITE_URL": "https://handoff.example.com",
        "DATABASE_URL": f"sqlite:///{app}/var/handoff.sqlite3",
        "SMARTLEAD_API_KEY": "sandbox-key",
        "SMARTLEAD_BASE_URL": "http://127.0.0.1:1/api/v1",
        "HOST_NAME": "image",
        "DJANGO_SETTINGS_MODULE": "quick_settings",
        "PYTHONPATH": str(app.parent),
        "TIME_SCALE": "0.1",
    }


def without_rights(*words: object) -> list[str]:
    """Return the command line that runs `words` without what root may do."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    return [*(drop if os.geteuid() == 0 else []), *map(str, words)]


def is_healthy(app: Path, port: int) -> bool:
    check = without_rights(app / "bin/image-health", "--port", port)
    done = subprocess.run(
        check, env=environment(app), capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


def test_the_folder_of_the_program_cannot_be_written(app):
    done = subprocess.run(
        without_rights("touch", app / "file"), capture_output=True, check=False
    )

    assert done.returncode != 0


def test_it_starts_turns_healthy_and_ends_with_0_when_told_to_stop(app, tmp_path):
    port, start, log = free_port(), app / "bin/image-start", tmp_path / "log"
    before = _files(app)
    migrate = without_rights(start, "migrate", "--run-syncdb", "--verbosity", "0")
    subprocess.run(migrate, env=environment(app), check=True, timeout=START_TIME)
    serve = without_rights(start, "serve", "--port", port)
    with (
        log.open("ab") as file,
        subprocess.Popen(
            serve, env=environment(app), stdout=file, stderr=file
        ) as process,
    ):
        try:
            _wait_for_health(app, port, process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=START_TIME)

    assert code == 0, log.read_text()[-3000:]
    assert not is_healthy(app, port)
    assert _files(app) == before


def _wait_for_health(
    app: Path, port: int, process: subprocess.Popen[bytes], log: Path
) -> None:
    wait_until(lambda: listens(port), log)
    give_up_at = time.monotonic() + START_TIME
    while not is_healthy(app, port):
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < give_up_at, log.read_text()[-3000:]


def _files(app: Path) -> set[Path]:
    """Return what is in the program's folder, without var."""
    return {path for path in app.rglob("*") if (app / "var") not in path.parents}
