"""The environment of `manage.py demo`, made before Django reads its settings.

Only the standard library: nothing of Handoff can be imported yet.
"""

import os
import secrets
from collections.abc import MutableMapping
from hashlib import sha256
from pathlib import Path

SANDBOX_PORT = 8765


class CannotPrepare(SystemExit):
    """The environment cannot be made; the text is for whoever started the command."""


def prepare(environ: MutableMapping[str, str], folder: Path) -> None:
    """Set in `environ` what the demo needs.

    With SMARTLEAD_API_KEY set a SECRET_KEY if there is none; without it everything the
    sandbox needs, whatever was set. `folder` keeps secret, sandbox and demo database.
    Raises CannotPrepare if the key is set but DATABASE_URL names the demo database.
    """
    if environ.get("SMARTLEAD_API_KEY", "").strip(" \"'"):
        _for_smartlead(environ, folder)
    else:
        _for_sandbox(environ, folder)


def use_kept_secret(environ: MutableMapping[str, str], folder: Path) -> None:
    """Set SECRET_KEY to the one that `demo` has stored in `folder`, if it is not set
    and there is one.
    """
    kept = folder / "secret_key"
    if not environ.get("SECRET_KEY") and kept.is_file():
        environ["SECRET_KEY"] = kept.read_text().strip()


def sandbox_key(secret: str) -> str:
    """Return the API key of the sandbox with this secret, so that a demo never reads or
    writes in the sandbox of another folder, whatever port that is on.
    """
    return f"sandbox-{sha256(f'sandbox {secret}'.encode()).hexdigest()[:24]}"


def demo_database(folder: Path) -> Path:
    return folder / "demo.sqlite3"


def _for_smartlead(environ: MutableMapping[str, str], folder: Path) -> None:
    demo = f"/{folder.name}/{demo_database(folder).name}"
    if environ.get("DATABASE_URL", "").endswith(demo):
        raise CannotPrepare(
            "SMARTLEAD_API_KEY is set, but DATABASE_URL names the sandbox's database. "
            "Name another one, or leave it out."
        )
    if not environ.get("SECRET_KEY"):
        environ["SECRET_KEY"] = _kept_secret(folder)


def _for_sandbox(environ: MutableMapping[str, str], folder: Path) -> None:
    """Set every variable of production that must not reach the sandbox, over any old
    value.

    Set, not removed: the settings read .env again and keep what is there.
    """
    secret = _kept_secret(folder)
    environ.update(
        SECRET_KEY=secret,
        SMARTLEAD_WEBHOOK_SECRET=sha256(f"webhooks {secret}".encode()).hexdigest(),
        DATABASE_URL=f"sqlite:///{demo_database(folder)}",
        SMARTLEAD_API_KEY=sandbox_key(secret),
        SMARTLEAD_BASE_URL=f"http://127.0.0.1:{SANDBOX_PORT}/api/v1",
        SITE_URL="http://localhost:8000",
        EMAIL_URL="",
        ALLOWED_HOSTS="localhost,127.0.0.1,[::1]",
    )


def _kept_secret(folder: Path) -> str:
    """Return the secret in the folder's file secret_key, made if missing, for its owner
    alone.

    The folder is made too; its parent must exist.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "secret_key"
    if not path.is_file():
        draft = folder / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        draft.rename(path)
    return path.read_text().strip()
