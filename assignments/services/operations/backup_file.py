"""The file that `backup` writes: a zip of the database's copy and a manifest.

The manifest tells before anything is touched whether the copy is whole, of which kind
of database it is, and whether this code knows its migrations.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

FORMAT = 1
MANIFEST = "manifest.json"
COPY = "database"
CHUNK = 1024 * 1024


class BackupRefused(Exception):
    """A backup that cannot be made or restored; the text is for whoever asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    format: int
    version: str  # of Handoff
    engine: str  # sqlite or postgresql
    made_at: str  # ISO, UTC
    migrations: list[str]
    base_url: str
    fingerprint: str  # of the Smartlead account; "" if there is none yet
    sha256: str  # of the copy


@contextmanager
def private_file(path: Path) -> Iterator[Path]:
    """Create an empty file that only its owner may read or write, yield its path, and
    delete it (unless it was moved) at the end. Raises FileExistsError.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_backup(path: Path, *, copy: Path, manifest: Manifest) -> None:
    """Write a zip of manifest and copy to `path`, as a whole or not at all.

    It replaces a file that is there. Raises OSError, on a full disk for example.
    """
    with private_file(path.with_name(f".{path.name}.{os.getpid()}")) as draft:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as file:
            file.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
            file.write(copy, COPY)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(path)


@contextmanager
def open_backup(path: Path) -> Iterator[tuple[Manifest, IO[bytes]]]:
    """Yield the manifest and an open file with the copy's bytes.

    Raises BackupRefused if `path` cannot be read or is no whole file of this kind.
    """
    no_backup = BackupRefused(
        f"{path} is no whole file of manage.py backup: it is something else, or cut short."
    )
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError):
        raise no_backup from None
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        try:
            manifest = Manifest(**json.loads(file.read(MANIFEST)))
            copy = file.open(COPY)
        except (KeyError, TypeError, ValueError, zipfile.BadZipFile):
            raise no_backup from None
        with copy:
            yield manifest, copy


def unpack(copy: IO[bytes], target: Path, *, manifest: Manifest) -> None:
    """Write the copy to `target`, through to the disk.

    Raises BackupRefused if it cannot be read or its checksum is not the manifest's, and
    OSError if it cannot be written.
    """
    damaged = BackupRefused("The backup is damaged: its copy is not the one it names.")
    try:
        with target.open("wb") as file:
            shutil.copyfileobj(copy, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, EOFError, ValueError):
        raise damaged from None
    if checksum(target) != manifest.sha256:
        raise damaged


def sync_folder(folder: Path) -> None:
    """Write a folder's entries through to the disk, so that renames survive a power
    cut; an OSError is ignored.
    """
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
